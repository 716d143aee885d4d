# python tools/train.py configs/dfpenet/all_sizes_segformer_mobilenetv2.py
# mmseg's SegFormer head on the same backbone, data and budget: a measure for DFPENet.
_base_ = ['all_sizes_mobilenetv2.py']
model = dict(
    backbone=dict(out_indices=(1, 2, 4, 6)),
    neck=None,
    decode_head=dict(
        _delete_=True,
        type='SegformerHead',
        in_channels=(24, 32, 96, 320),
        in_index=(0, 1, 2, 3),
        channels=128,
        num_classes=2,
        dropout_ratio=0.1,
        norm_cfg=_base_.norm_cfg,
        align_corners=False,
        loss_decode=_base_.losses,
    ),
)
