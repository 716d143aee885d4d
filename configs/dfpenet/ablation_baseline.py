# python tools/train.py configs/dfpenet/ablation_baseline.py
# Table 1, baseline: DeepLabv3+ in DFPENet's parts, without dense pyramid and gates.
# Scored on eroded labels; Table 1 seems to be on whole ones (see _base_/datasets/vaihingen.py).
_base_ = ['vaihingen.py']
model = dict(
    neck=dict(dense_pyramid=False, attention_gate=False, gated_conv=False),
    decode_head=dict(in_channels=256 + 96),
)
