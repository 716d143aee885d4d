# python tools/train.py configs/dfpenet/all_sizes_resnet50.py
# DFPENet on ResNet-50, its neck half as wide as the paper's, for a GPU: benchmarks/gpu_session.py.
_base_ = ['all_sizes_mobilenetv2.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNetStemFeatures',
        depth=50,
        norm_cfg=_base_.norm_cfg,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(
        in_channels=(64, 256, 512, 2048),
        in_index=(0, 1, 2, 4),
        lateral_channels=(24, 96, 192),
        channels=128,
    ),
    decode_head=dict(in_channels=3 * 128 + 24, channels=128),
)
