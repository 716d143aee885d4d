# DFPENet on MobileNetV2, narrow enough to train and map on a CPU.
norm_cfg = dict(type='BN', requires_grad=True)
losses = [
    dict(type='LabelledCrossEntropyLoss', class_weight=[1.0, 2.0]),
    # The Dice of landslides alone: with the background it would measure that.
    dict(type='LabelledDiceLoss', left_out=0),
]
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        # Of the Landslide4Sense training chips, which are darker than ImageNet's photographs.
        mean=[55.8, 55.4, 53.3],
        std=[31.8, 20.7, 16.3],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size=(128, 128),
        test_cfg=dict(size_divisor=16),
    ),
    backbone=dict(
        type='MobileNetV2',
        strides=(1, 2, 2, 2, 1, 1, 1),
        dilations=(1, 1, 1, 1, 1, 2, 2),
        out_indices=(0, 1, 2, 6),
        norm_cfg=norm_cfg,
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/imagenet/mobilenet_v2.pth'),
    ),
    neck=dict(
        type='DFPENeck',
        in_channels=(16, 24, 32, 320),
        in_index=(0, 1, 2, 3),
        lateral_channels=(16, 24, 32),
        channels=48,
        # The head computes its first convolution before X3 and X4 are upsampled: same result.
        join_finest=False,
        aspp_dropout=0.1,
        norm_cfg=norm_cfg,
    ),
    decode_head=dict(
        type='DFPEHead',
        in_channels=3 * 48 + 16,
        channels=48,
        num_classes=2,
        dropouts=(0.1, 0.0),
        norm_cfg=norm_cfg,
        loss_decode=losses,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
