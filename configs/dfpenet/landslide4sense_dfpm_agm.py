# python tools/train.py configs/dfpenet/landslide4sense_dfpm_agm.py
# Ablation on the small backbone: the dense top-down pyramid with the attention gate.
_base_ = ['landslide4sense_full.py']
model = dict(neck=dict(gated_conv=False))
