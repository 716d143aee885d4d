# python tools/train.py configs/dfpenet/all_sizes_deeplabv3plus_mobilenetv2.py
# mmseg's DeepLabV3+ head on the same backbone, data and budget: a measure for DFPENet.
_base_ = ['all_sizes_mobilenetv2.py']
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
