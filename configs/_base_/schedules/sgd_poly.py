# The paper's optimiser: SGD with Nesterov momentum, poly decay to zero over the iterations
# that a leaf sets. As in the release, what is not the backbone learns ten times as fast.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.007, momentum=0.9, nesterov=True, weight_decay=5e-4),
    paramwise_cfg=dict(custom_keys={'neck': dict(lr_mult=10.0), 'decode_head': dict(lr_mult=10.0)}),
)
train_cfg = dict(type='ResumableTrainLoop', max_iters=30000, val_interval=2000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='ResumableCheckpointHook', interval=2000, max_keep_ckpts=2),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PredictionPicturesHook'),
)
custom_hooks = [dict(type='ChannelsLastHook')]
randomness = dict(seed=0)
