# python tools/train.py configs/dfpenet/ablation_baseline.py
# Table 1, baseline: DeepLabv3+ in DFPENet's parts, without dense pyramid and gates.
_base_ = ['vaihingen.py']
model = dict(
    neck=dict(dense_pyramid=False, attention_gate=False, gated_conv=False),
    decode_head=dict(in_channels=256 + 96),
)
