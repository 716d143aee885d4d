# python tools/train.py configs/dfpenet/all_sizes_mobilenetv2.py
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_mobilenetv2.py',
    '../_base_/datasets/all_sizes.py',
    '../_base_/schedules/adamw_6k.py',
    '../_base_/mapping/all_sizes.py',
    '../postproc/default.py',
]
# Of samples as the transforms make them.
model = dict(data_preprocessor=dict(mean=[70, 65, 62], std=[38, 28, 24]))
