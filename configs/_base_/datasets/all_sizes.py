# Landslides and other ground in pixels of 0.3 to 20 m, 8 bit, shown as many sensors see them. The
# folders are made as docs/training.md says, "A network for every pixel size". A sample's pixels
# become others of the stated sizes in metres: Sichuan's own are 0.2 to 0.9 m, and 0.5 is taken.
_base_ = ['loaders.py']
data_root = 'data'
mask_values = {0: 0, 255: 1}
# As tools/dataset_converters/ground.py writes them; its 255 is where a scene has no data.
ground_values = {0: 0, 1: 1, 255: 255}
# Values that the 1st and 99th percentile become, as the mapping of such networks has it.
low, high = (18, 22, 26), (178, 121, 105)


def train_on(
    folder, pixel_size, pixel_sizes, *, values=mask_values, stretched=0.9, sensor=None, **crops
):
    """Join a data set's folder, its transforms and the sizes at which it is shown."""
    pipeline = [
        dict(type='LoadRasterImage', keep=True),
        dict(type='LoadRasterMask', value_map=values, keep=True),
        dict(type='RandomPixelSize', pixel_sizes=pixel_sizes, crop_size=(128, 128), **crops),
        *_base_.symmetries,
        dict(type='RandomPercentileStretch', target_lower=low, target_upper=high, prob=stretched),
        dict(type='RandomSensor', **(sensor or {})),
        dict(type='PackSegInputs'),
    ]
    return dict(
        type='LandslideDataset',
        data_root=f'{data_root}/{folder}',
        pixel_size=pixel_size,
        pipeline=pipeline,
    )


def repeated(times, dataset):
    """Show a small data set so often a round."""
    return dict(type='RepeatDataset', times=times, dataset=dataset)


chips, sichuan, tianshui = 'landslide4sense/train', 'sichuan_uav/train', 'tianshui_irrg_600'
aerial = dict(folder='ground/aerial/train', pixel_size=0.3, values=ground_values)
snow = dict(
    folder='ground/snow/train',
    pixel_size=10,
    pixel_sizes=(10 / 1.3, 10 / 0.6),
    values=ground_values,
)
# Repeated so often that none is drowned by the 1,385 chips of Landslide4Sense, half of which stay
# in their own pixels: what the network shall be best at.
all_sizes = [
    train_on(
        chips,
        10,
        (10 / 1.3, 20),
        stretched=0.4,
        sensor=dict(strength=0.6, swap=0.05),
        as_is=0.5,
        seek=0.3,
    ),
    repeated(35, train_on(sichuan, 0.5, (0.5 / 0.7, 0.5 / 0.11))),
    repeated(12, train_on(tianshui, 0.5, (0.5 / 0.8, 0.5 / 0.22))),
    train_on(**aerial, pixel_sizes=(0.3, 0.3 / 0.12)),
    repeated(2, train_on(**snow, stretched=0.5)),
]
# What comes after those, for a network of 5 to 20 m ...
ten_metres = [
    train_on(
        chips,
        10,
        (10 / 1.3, 20),
        stretched=0.35,
        sensor=dict(strength=0.35, swap=0.0),
        as_is=0.7,
        seek=0.0,
    ),
    repeated(3, train_on(**snow, stretched=0.5, sensor=dict(strength=0.6, swap=0.0))),
    repeated(
        4,
        train_on(sichuan, 0.5, (0.5 / 0.11, 0.5 / 0.04), sensor=dict(strength=0.6, swap=0.05)),
    ),
]
# ... and for one of 1.5 to 5 m.
metres = [
    repeated(
        60,
        train_on(
            sichuan,
            0.5,
            (0.5 / 0.35, 0.5 / 0.1),
            stretched=1.0,
            sensor=dict(strength=0.7, swap=0.05),
            seek=0.4,
        ),
    ),
    repeated(
        15,
        train_on(tianshui, 0.5, (0.5 / 0.6, 0.5 / 0.15), stretched=1.0, sensor=dict(strength=0.8)),
    ),
    train_on(**aerial, pixel_sizes=(0.6, 0.3 / 0.08), stretched=1.0, sensor=dict(strength=0.8)),
    train_on(**snow, stretched=0.8),
    train_on(
        chips,
        10,
        (10 / 1.3, 10 / 0.8),
        stretched=0.8,
        sensor=dict(strength=0.6, swap=0.05),
        seek=0.3,
    ),
]
train_dataloader = dict(batch_size=16, dataset=dict(type='ConcatDataset', datasets=all_sizes))
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
# At 10 m alone, whose labels are those of most ground; other folders with
# test_dataloader.dataset.data_root=...
val_dataloader = dict(
    batch_size=12,
    dataset=dict(
        type='LandslideDataset',
        data_root=f'{data_root}/landslide4sense/val',
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='LandslideMetric')
test_evaluator = val_evaluator
