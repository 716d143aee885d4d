# python tools/train.py configs/dfpenet/vaihingen.py
# DFPENet on ISPRS Vaihingen as in section 3.2.5: 600x600 patches, 62,000 iterations.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_r101.py',
    '../_base_/datasets/vaihingen.py',
    '../_base_/schedules/sgd_poly.py',
]
model = dict(
    data_preprocessor=dict(size=(600, 600)),
    decode_head=dict(num_classes=6),
)
train_cfg = dict(max_iters=62000)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, end=62000, by_epoch=False)]
default_hooks = dict(checkpoint=dict(save_best='segmentation/mIoU', rule='greater'))
