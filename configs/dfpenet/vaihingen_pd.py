# python tools/train.py configs/dfpenet/vaihingen_pd.py
# The paper's pre-training: 26,800 patches of 20 tiles, 16 for training and 4 for validation.
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_r101.py',
    '../_base_/datasets/vaihingen_pd.py',
    '../_base_/schedules/sgd_poly.py',
]
model = dict(
    data_preprocessor=dict(size=(600, 600)),
    decode_head=dict(num_classes=6),
)
train_cfg = dict(max_iters=62000)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, end=62000, by_epoch=False)]
default_hooks = dict(checkpoint=dict(save_best='segmentation/mIoU', rule='greater'))
