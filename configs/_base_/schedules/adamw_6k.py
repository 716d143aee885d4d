# As adamw_2k.py, three times as long and in bfloat16. The last weights are the result: the best on
# validation chips of one sensor would be chosen for that sensor.
_base_ = ['adamw_2k.py']
optim_wrapper = dict(type='AutocastOptimWrapper')
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, begin=0, end=200, by_epoch=False),
    dict(type='CosineAnnealingLR', eta_min=1e-6, begin=200, end=6000, by_epoch=False),
]
train_cfg = dict(max_iters=6000, val_interval=1500)
default_hooks = dict(checkpoint=dict(interval=250, save_best=None))
