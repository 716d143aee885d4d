# python tools/train.py configs/dfpenet/ablation_dfpm.py
# Table 1, + DFPM: the dense top-down pyramid without gates.
# Scored on eroded labels; Table 1 seems to be on whole ones (see _base_/datasets/vaihingen.py).
_base_ = ['vaihingen.py']
model = dict(neck=dict(attention_gate=False, gated_conv=False))
