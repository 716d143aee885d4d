# Landslide4Sense, RGB rendering, 128x128 chips of about 10 m pixels (Ghorbanzadeh et al. 2022).
data_root = 'data/landslide4sense'
mask_values = {0: 0, 255: 1}
flips = ['horizontal', 'vertical']
train_pipeline = [
    dict(type='LoadRasterImage'),
    dict(type='LoadRasterMask', value_map=mask_values),
    dict(type='RandomResize', scale=(128, 128), ratio_range=(0.8, 1.6), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(128, 128)),
    dict(type='RandomFlip', prob=[0.35, 0.35], direction=flips),
    dict(type='RandomRotFlip', rotate_prob=0.0, flip_prob=0.5),
    dict(
        type='PhotoMetricDistortion',
        brightness_delta=20,
        contrast_range=(0.75, 1.25),
        saturation_range=(0.75, 1.25),
        hue_delta=6,
    ),
    dict(type='PackSegInputs'),
]
val_pipeline = [
    dict(type='LoadRasterImage'),
    dict(type='LoadRasterMask', value_map=mask_values),
    dict(type='PackSegInputs'),
]
tta_pipeline = [
    dict(type='LoadRasterImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(type='RandomFlip', prob=0.0),
                dict(type='RandomFlip', prob=1.0, direction='horizontal'),
                dict(type='RandomFlip', prob=1.0, direction='vertical'),
            ],
            [dict(type='LoadRasterMask', value_map=mask_values)],
            [dict(type='PackSegInputs')],
        ],
    ),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=12,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/val', pipeline=val_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='LandslideMetric')
test_evaluator = val_evaluator
