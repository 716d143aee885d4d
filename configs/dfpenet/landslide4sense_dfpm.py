# python tools/train.py configs/dfpenet/landslide4sense_dfpm.py
# Ablation on the small backbone: the dense top-down pyramid without gates.
_base_ = ['landslide4sense_full.py']
model = dict(neck=dict(attention_gate=False, gated_conv=False))
