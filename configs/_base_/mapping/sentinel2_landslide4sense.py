# Map 10 m RGB scenes with a network trained on Landslide4Sense chips. Reflectance is brought to the
# chips' values by a fixed scale, any other scene by its 1st and 99th percentile. Windows are as
# large as the chips: the wide convolutions and the global pooling of ASPP know no other size, and
# chips mirrored to 512 pixels lose 5 points of IoU in their middle. Laid on the
# ground with a step of 104 they are 160 on the demo, with one of 96, to no better effect, 176.
mapping = dict(
    bands=(1, 2, 3),
    scaling=dict(
        type='GroundStretch',
        lower=1,
        upper=99,
        target_lower=(18, 22, 26),
        target_upper=(178, 121, 105),
    ),
    window=128,
    stride=104,
    batch_size=8,
    block_windows=64,
    predictor=dict(type='TorchPredictor', flips=True, landslide_class=1),
    threshold=0.5,
    gsd_range=(5, 20),
)
