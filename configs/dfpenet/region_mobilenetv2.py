# python tools/train.py configs/dfpenet/region_mobilenetv2.py
# Fine-tune the shipped network on chips of your own region, made with
# tools/dataset_converters/chips.py --scaling-of configs/dfpenet/landslide4sense_mobilenetv2.py
_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/models/dfpenet_mobilenetv2.py',
    '../_base_/datasets/landslide_chips.py',
    '../_base_/schedules/adamw_300.py',
    '../_base_/mapping/sentinel2_landslide4sense.py',
    '../postproc/default.py',
]
load_from = 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'
model = dict(backbone=dict(init_cfg=None), data_preprocessor=dict(size=(256, 256)))
train_pipeline = [
    dict(type='LoadRasterImage'),
    dict(type='LoadRasterMask', value_map=_base_.mask_values),
    dict(type='RandomCrop', crop_size=(256, 256)),
    *_base_.symmetries,
    dict(type='PhotoMetricDistortion', brightness_delta=10, hue_delta=2),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
# As large as the crops, which is what the network knows.
mapping = dict(window=256, stride=192, batch_size=2)
