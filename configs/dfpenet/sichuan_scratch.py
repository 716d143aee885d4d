# python tools/train.py configs/dfpenet/sichuan_scratch.py
# From ImageNet weights on the Sichuan images alone (X2): what transfer is measured against.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_mobilenetv2.py',
    '../_base_/datasets/sichuan_uav.py',
    '../_base_/schedules/adamw_300.py',
]
model = dict(data_preprocessor=dict(size=(256, 256)))
