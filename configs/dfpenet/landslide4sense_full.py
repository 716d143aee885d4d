# python tools/train.py configs/dfpenet/landslide4sense_full.py
# Ablation on the small backbone: DFPENet with dense pyramid, attention gate and gated convolution.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_mobilenetv2.py',
    '../_base_/datasets/landslide4sense.py',
    '../_base_/schedules/adamw_2k.py',
]
