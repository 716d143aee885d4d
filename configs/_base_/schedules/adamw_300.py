# As adamw_2k.py, for the 300 iterations that adapting to a handful of images takes.
_base_ = ['adamw_2k.py']
optim_wrapper = dict(optimizer=dict(lr=5e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=30, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-6, begin=30, end=300, by_epoch=False),
]
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=100))
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(
        type='EMAHook',
        ema_type='MomentumAnnealingEMA',
        momentum=0.02,
        gamma=4,
        update_buffers=True,
    ),
]
