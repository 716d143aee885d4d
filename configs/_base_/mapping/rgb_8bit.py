# Map 8-bit RGB orthophotos of metres, as the paper's scenes: their values are the chips' own,
# and windows are tiled without overlap.
mapping = dict(
    bands=(1, 2, 3),
    scaling=dict(type='LinearScale', scale=1.0, clip=(0, 255)),
    window=512,
    stride=512,
    batch_size=2,
    predictor=dict(type='TorchPredictor', landslide_class=1),
    threshold=0.5,
    gsd_range=(0.5, 5),
)
