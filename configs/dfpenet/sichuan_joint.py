# python tools/train.py configs/dfpenet/sichuan_joint.py
# Transfer strategy 3: fine-tune the Landslide4Sense network on both sets (X1 + X2). Repeating
# the 18 images balances them with the 1,385 chips, which are doubled in size to share a batch.
_base_ = ['sichuan_scratch.py']
load_from = 'checkpoints/dfpenet_mobilenetv2_landslide4sense.pth'
model = dict(backbone=dict(init_cfg=None))
landslide4sense = dict(
    type='LandslideDataset',
    data_root='data/landslide4sense/train',
    pipeline=[
        dict(type='LoadRasterImage'),
        dict(type='LoadRasterMask', value_map=_base_.mask_values),
        dict(type='Resize', scale=(256, 256)),
        *_base_.symmetries,
        dict(type='PackSegInputs'),
    ],
)
sichuan = dict(type='RepeatDataset', times=77, dataset=_base_.train_dataloader.dataset)
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=[landslide4sense, sichuan])
)
