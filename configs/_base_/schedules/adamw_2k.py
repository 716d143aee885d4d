# AdamW with warm-up and cosine decay, and an exponential moving average of the weights.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.02),
    paramwise_cfg=dict(norm_decay_mult=0.0, custom_keys={'backbone': dict(lr_mult=0.5)}),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=200, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-6, begin=200, end=2000, by_epoch=False),
]
train_cfg = dict(type='ResumableTrainLoop', max_iters=2000, val_interval=500)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='ResumableCheckpointHook',
        interval=500,
        max_keep_ckpts=2,
        save_best='landslide/IoU',
        rule='greater',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PredictionPicturesHook'),
)
custom_hooks = [
    dict(type='ChannelsLastHook'),
    dict(
        type='EMAHook',
        # Annealed, so that a short run does not keep what it began with.
        ema_type='MomentumAnnealingEMA',
        momentum=0.004,
        gamma=4,
        update_buffers=True,
    ),
]
randomness = dict(seed=0)
