# UAV and satellite orthophotos of landslides in Sichuan, 0.2 to 0.9 m (Zeng et al. 2021, CC BY
# 4.0): 18 to train on, 6 to validate. At a quarter of their size a landslide is some 100 pixels
# long, and the bands are brought to the values that a Landslide4Sense network knows.
_base_ = ['loaders.py']
data_root = 'data/sichuan_uav'
mask_values = {0: 0, 255: 1}
as_landslide4sense = dict(
    type='MatchBandStatistics',
    mean=(125.5, 121.9, 111.8),
    std=(64.2, 59.8, 60.1),
    target_mean=(55.8, 55.4, 53.3),
    target_std=(31.8, 20.7, 16.3),
)
quarter = dict(type='Resize', scale=(256, 256), keep_ratio=True)
train_pipeline = [
    dict(type='LoadRasterImage'),
    dict(type='LoadRasterMask', value_map=mask_values),
    dict(type='RandomResize', scale=(256, 256), ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(256, 256)),
    *_base_.symmetries,
    dict(type='PhotoMetricDistortion', brightness_delta=16, hue_delta=4),
    as_landslide4sense,
    dict(type='PackSegInputs'),
]
# The mask is read after resizing: a prediction is scored on the original's pixels.
# LoadRasterImage and LoadRasterMask under the names that mmsegmentation's own API looks for.
val_pipeline = [
    dict(type='LoadImageFromFile', _scope_='dfpenet_mm', bands=(1, 2, 3)),
    quarter,
    dict(type='LoadAnnotations', _scope_='dfpenet_mm', value_map=mask_values),
    as_landslide4sense,
    dict(type='PackSegInputs'),
]
test_pipeline = val_pipeline
tta_pipeline = [
    dict(type='LoadRasterImage'),
    quarter,
    as_landslide4sense,
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
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/train', pipeline=train_pipeline),
)
val_dataloader = dict(
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/val', pipeline=val_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='LandslideMetric')
test_evaluator = val_evaluator
