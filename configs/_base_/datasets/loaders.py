# Loaders and flips that data sets share: endless shuffled training, samples in order to score on.
# A data set adds its folders, pipelines and batch sizes.
# Together these reach the eight symmetries of a square.
symmetries = [
    dict(type='RandomFlip', prob=[0.35, 0.35], direction=['horizontal', 'vertical']),
    dict(type='RandomRotFlip', rotate_prob=0.0, flip_prob=0.5),
]
# Views over which test-time augmentation averages.
flips = [
    dict(type='RandomFlip', prob=0.0),
    dict(type='RandomFlip', prob=1.0, direction='horizontal'),
    dict(type='RandomFlip', prob=1.0, direction='vertical'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader
