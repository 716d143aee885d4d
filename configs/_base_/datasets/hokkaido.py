# The Hokkaido samples of section 4.2.1: 100 chips of tile A to train on, 30 of tile B to validate.
# tools/dataset_converters/chips.py --image A.tif --val-image B.tif --labels INVENTORY --random 100
#     --random-val 30 --out data/hokkaido
# Names of its own, as the transfer configs inherit another data set from jiuzhaigou.py.
hokkaido_pipeline = [
    dict(type='LoadRasterImage'),
    dict(type='LoadRasterMask', value_map={0: 0, 1: 1, 255: 255}),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomGaussianBlur'),
    dict(type='PackSegInputs'),
]
hokkaido_train = dict(
    type='LandslideDataset', data_root='data/hokkaido/train', pipeline=hokkaido_pipeline
)
hokkaido_val = dict(data_root='data/hokkaido/val')
