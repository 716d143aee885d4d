"""An experiment's config made small, on data generated for it."""

from zlib import crc32

import numpy as np
import rasterio
from mmengine.config import Config

SIZE = 64


def write_raster(path, bands):
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    profile = {'driver': 'GTiff', 'count': count, 'height': height, 'width': width}
    with rasterio.open(path, 'w', dtype=bands.dtype, **profile) as target:
        target.write(bands)


def write_pair(folder, name, classes, labels, *, bands=3):
    """An image whose brightness tells the class, and its labels."""
    rng = np.random.default_rng(crc32(name.encode()))
    columns = np.arange(SIZE) * classes // SIZE
    label = np.broadcast_to(columns, (1, SIZE, SIZE)).astype(np.uint8)
    noise = rng.integers(0, 20, (bands, SIZE, SIZE))
    write_raster(folder / 'images' / f'{name}.tif', (label * 30 + noise).astype(np.uint8))
    for where, values in labels.items():
        write_raster(folder / where / f'{name}.tif', values(label))


def generate(dataset, root, number):
    """Write two samples for a data set's config and point it there."""
    folder = root / str(number)
    if dataset.type == 'RepeatDataset':
        dataset.times = 1
        generate(dataset.dataset, root, number)
    elif dataset.type == 'ConcatDataset':
        for index, part in enumerate(dataset.datasets):
            generate(part, root, 10 * number + index)
    elif dataset.type == 'LandslideDataset':
        values = mask_values(dataset.pipeline)
        landslide = next(value for value, label in values.items() if label == 1)
        for name in 'ab':
            write_pair(folder, name, 2, {'masks': lambda label: label * np.uint8(landslide)})
        dataset.data_root = str(folder)
    else:
        for name in ('area1', 'area2'):
            prefixes = ('labels', 'labels_eroded')
            write_pair(folder, name, 6, dict.fromkeys(prefixes, lambda label: label))
        (folder / 'splits').mkdir()
        windows = f'area1 0 0 {SIZE} {SIZE}\narea2 0 0 {SIZE} {SIZE}\n'
        (folder / dataset.ann_file).write_text(windows)
        dataset.data_root = str(folder)


def mask_values(pipeline):
    for step in pipeline:
        if 'value_map' in step:
            return {int(value): label for value, label in step.value_map.items()}
        for branch in step.get('transforms', []):
            for inner in branch:
                if 'value_map' in inner:
                    return {int(value): label for value, label in inner.value_map.items()}
    raise LookupError('the pipeline loads no mask')


def shrink(value):
    """Make every crop and scale of a config that of the generated data."""
    if isinstance(value, dict):
        for key in ('crop_size', 'scale', 'size'):
            if key in value and not isinstance(value[key], dict):
                value[key] = (SIZE, SIZE)
        for inner in value.values():
            shrink(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            shrink(inner)


def small(path, root):
    config = Config.fromfile(path)
    shrink(config.model.data_preprocessor)
    for number, name in enumerate(('train', 'val', 'test')):
        loader = config[f'{name}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        generate(loader.dataset, root, number)
        shrink(loader.dataset)
    config.model.backbone.init_cfg = None
    if config.model.backbone.type == 'ResNetStemFeatures':
        # Blocks that repeat are left out: the paper's own depth is tested by its parameters.
        config.model.backbone.depth = 18
        narrow_to_resnet18(config.model)
    config.load_from = None
    config.train_cfg.update(max_iters=2, val_interval=2)
    config.default_hooks.checkpoint.update(interval=2)
    config.visualizer.vis_backends = []
    config.work_dir = str(root / 'run')
    config.experiment_name = f'{path.stem}_{root.name}'
    config.launcher = 'none'
    return config


def narrow_to_resnet18(model):
    model.neck.in_channels = (64, 64, 128, 512)
