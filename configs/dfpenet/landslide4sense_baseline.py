# python tools/train.py configs/dfpenet/landslide4sense_baseline.py
# Ablation on the small backbone: DeepLabv3+ in DFPENet's parts, no dense pyramid and no gates.
_base_ = ['landslide4sense_full.py']
model = dict(
    neck=dict(dense_pyramid=False, attention_gate=False, gated_conv=False),
    decode_head=dict(in_channels=48 + 24),
)
