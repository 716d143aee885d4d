# Landslide4Sense, RGB rendering, 128x128 chips of about 10 m pixels (Ghorbanzadeh et al. 2022).
_base_ = ['loaders.py']
data_root = 'data/landslide4sense'
mask_values = {0: 0, 255: 1}
train_pipeline = [
    dict(type='LoadRasterImage'),
    dict(type='LoadRasterMask', value_map=mask_values),
    *_base_.symmetries,
    dict(
        type='PhotoMetricDistortion',
        brightness_delta=10,
        contrast_range=(0.9, 1.1),
        saturation_range=(0.9, 1.1),
        hue_delta=2,
    ),
    dict(type='PackSegInputs'),
]
# LoadRasterImage and LoadRasterMask under the names that mmsegmentation's own API looks for.
val_pipeline = [
    dict(type='LoadImageFromFile', _scope_='dfpenet_mm', bands=(1, 2, 3)),
    dict(type='LoadAnnotations', _scope_='dfpenet_mm', value_map=mask_values),
    dict(type='PackSegInputs'),
]
test_pipeline = val_pipeline
tta_pipeline = [
    dict(type='LoadRasterImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            _base_.flips,
            [dict(type='LoadRasterMask', value_map=mask_values)],
            [dict(type='PackSegInputs')],
        ],
    ),
]
train_dataloader = dict(
    batch_size=16,
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=12,
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/val', pipeline=val_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='LandslideMetric')
test_evaluator = val_evaluator
