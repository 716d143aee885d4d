# python tools/train.py configs/dfpenet/ablation_dfpm_agm.py
# Table 1, + DFPM + AGM: the dense top-down pyramid with the attention gate.
_base_ = ['vaihingen.py']
model = dict(neck=dict(gated_conv=False))
