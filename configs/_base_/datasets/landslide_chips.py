# Landslide chips as tools/dataset_converters/chips.py writes them: {train,val}/{images,masks}/,
# masks 0 background, 1 landslide, 255 ignored (no data; in val also what another chip holds);
# 512x512 crops, flips, batches of 4 (section 4.1.2).
# A leaf sets data_root of the three data sets. PNG and JPEG folders serve too.
# Two data sets together (X1 + X2, section 3.4):
#   train_dataloader = dict(dataset=dict(_delete_=True, type='ConcatDataset', datasets=[X1, X2]))
_base_ = ['loaders.py']
data_root = 'data/landslides'
mask_values = {0: 0, 1: 1, 255: 255}
crop_size = (512, 512)
train_pipeline = [
    dict(type='LoadRasterImage'),
    dict(type='LoadRasterMask', value_map=mask_values),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
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
    num_workers=2,
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/train', pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(type='LandslideDataset', data_root=f'{data_root}/val', pipeline=val_pipeline),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='LandslideMetric')
test_evaluator = val_evaluator
