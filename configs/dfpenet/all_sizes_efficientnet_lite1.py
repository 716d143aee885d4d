# python tools/train.py configs/dfpenet/all_sizes_efficientnet_lite1.py
# EfficientNet-Lite1 in MobileNetV2's place, from weights of tools/convert_efficientnet_lite.py.
_base_ = ['all_sizes_mobilenetv2.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='EfficientNetLite',
        variant=1,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/imagenet/efficientnet_lite1.pth'),
    ),
    neck=dict(in_channels=(16, 24, 40, 320), lateral_channels=(16, 24, 40)),
)
