# python tools/train.py configs/dfpenet/ablation_dfpm_agm.py
# Table 1, + DFPM + AGM: the dense top-down pyramid with the attention gate.
# Scored on eroded labels; Table 1 seems to be on whole ones (see _base_/datasets/vaihingen.py).
_base_ = ['vaihingen.py']
model = dict(neck=dict(gated_conv=False))
