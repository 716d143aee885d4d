# python tools/train.py configs/dfpenet/landslide4sense_deeplabv3plus_mobilenetv2.py
# mmseg's DeepLabV3+ head on the same backbone, data and budget: the measure for DFPENet.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_mobilenetv2.py',
    '../_base_/datasets/landslide4sense.py',
    '../_base_/schedules/adamw_2k.py',
]
model = dict(
    backbone=dict(out_indices=(1, 6)),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='DepthwiseSeparableASPPHead',
        in_channels=320,
        in_index=1,
        channels=128,
        dilations=(1, 6, 12, 18),
        c1_in_channels=24,
        c1_channels=24,
        num_classes=2,
        dropout_ratio=0.1,
        norm_cfg=_base_.norm_cfg,
        align_corners=False,
        loss_decode=_base_.losses,
    ),
)
