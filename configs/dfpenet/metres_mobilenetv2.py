# python tools/train.py configs/dfpenet/metres_mobilenetv2.py
# A second stage of all_sizes_mobilenetv2.py, on ground in pixels of metres.
_base_ = ['all_sizes_mobilenetv2.py']
load_from = 'work_dirs/all_sizes_mobilenetv2/iter_6000.pth'
train_dataloader = dict(dataset=dict(datasets=_base_.metres))
optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=100, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-6, begin=100, end=2000, by_epoch=False),
]
train_cfg = dict(max_iters=2000, val_interval=2000)
mapping = dict(gsd_range=(2.5, 5))
