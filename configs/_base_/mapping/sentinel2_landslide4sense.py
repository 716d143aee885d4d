# Map 10 m RGB scenes with a network trained on Landslide4Sense chips. Any integer or float
# scene is brought to the chips' values by its 1st and 99th percentile in each band.
mapping = dict(
    bands=(1, 2, 3),
    scaling=dict(
        type='PercentileStretch',
        lower=1,
        upper=99,
        target_lower=(18, 22, 26),
        target_upper=(178, 121, 105),
    ),
    window=512,
    stride=384,
    batch_size=2,
    predictor=dict(type='TorchPredictor', flips=True, landslide_class=1),
    threshold=0.5,
    gsd_range=(5, 20),
)
