# DFPENet as in the paper: ResNet-101, output stride 16, 63.08 M parameters.
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size=(512, 512),
        test_cfg=dict(size_divisor=16),
    ),
    backbone=dict(
        type='ResNetStemFeatures',
        depth=101,
        strides=(1, 2, 2, 1),
        last_stage_dilations=(1, 2, 5),
        norm_cfg=norm_cfg,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet101'),
    ),
    neck=dict(
        type='DFPENeck',
        in_channels=(64, 256, 512, 2048),
        in_index=(0, 1, 2, 4),
        lateral_channels=(24, 96, 192),
        channels=256,
        # The head computes its first convolution before X3 and X4 are upsampled: same result.
        join_finest=False,
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        type='DFPEHead',
        in_channels=3 * 256 + 24,
        channels=256,
        num_classes=2,
        norm_cfg=norm_cfg,
        loss_decode=dict(type='LabelledCrossEntropyLoss'),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
