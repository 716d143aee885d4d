custom_imports = dict(
    imports=[
        'dfpenet_mm.models',
        'dfpenet_mm.datasets',
        'dfpenet_mm.evaluation',
        'dfpenet_mm.engine',
    ],
    allow_failed_imports=False,
)
default_scope = 'mmseg'
env_cfg = dict(
    # Faster on GPUs; exactly repeatable runs there want False, and randomness.deterministic=True.
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Without CUDA a distributed run takes gloo.
    dist_cfg=dict(backend='nccl'),
)
visualizer = dict(
    type='SegLocalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
    name='visualizer',
)
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
# True takes what fits of load_from and lists the rest; otherwise all but the classifier must fit.
load_from_part = False
resume = False
tta_model = dict(type='MeanOfViews')
