"""Small stand-ins for what ISPRS hands out: same names and colours, made-up ground."""

import warnings
import zipfile

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from dfpenet_mm.preparation.isprs.collections import POTSDAM, VAIHINGEN

COLOURS = np.array(
    [[255, 255, 255], [0, 0, 255], [0, 255, 255], [0, 255, 0], [255, 255, 0], [255, 0, 0]],
    np.uint8,
)
BLACK = np.zeros(3, np.uint8)
WORLD = '0.09\n0.0\n0.0\n-0.09\n496000.045\n5420999.955\n'
TRANSFORM = Affine(0.09, 0, 496000, 0, -0.09, 5421000)
SHAPE = (48, 40)


def ground_truth(seed, shape=SHAPE):
    """Classes in blocks of 8 pixels, every class in each tile."""
    rng = np.random.default_rng(seed)
    blocks = rng.permutation(np.arange(shape[0] // 8 * (shape[1] // 8)) % 6)
    return np.kron(blocks.reshape(shape[0] // 8, -1), np.ones((8, 8), np.int64)).astype(np.uint8)


def image_of(labels, seed, bands=3):
    """Grey values that tell the classes apart, far from the colours of the ground truth."""
    noise = np.random.default_rng(seed).integers(0, 20, (*labels.shape, bands))
    return (60 + 20 * labels[..., None] + noise).astype(np.uint8)


def write_tif(path, pixels, world=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, cols, count = pixels.shape
    place = {'height': rows, 'width': cols, 'count': count, 'dtype': pixels.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', driver='GTiff', **place) as target:
            target.write(np.moveaxis(pixels, -1, 0))
    if world:
        path.with_suffix('.tfw').write_text(WORLD)


def cross(labels):
    """A made-up eroded ground truth: the middle row and column are black."""
    eroded = COLOURS[labels]
    eroded[labels.shape[0] // 2] = eroded[:, labels.shape[1] // 2] = BLACK
    return eroded


def vaihingen(root, eroded=True, numbers=None, shape=SHAPE):
    """Write the extracted folders; return the labels by number."""
    labels = {}
    for number in numbers or (*VAIHINGEN.train, *VAIHINGEN.test):
        name = f'top_mosaic_09cm_area{number}'
        labels[number] = truth = ground_truth(int(number), shape)
        write_tif(root / 'top' / f'{name}.tif', image_of(truth, int(number)), world=True)
        write_tif(root / 'complete' / f'{name}.tif', COLOURS[truth])
        if eroded:
            write_tif(root / 'eroded' / f'{name}_noBoundary.tif', cross(truth))
    return labels


def potsdam(root, bands=3, kind='RGB', numbers=None):
    """Write the extracted folders; return the labels by number."""
    labels = {}
    for seed, number in enumerate(numbers or (*POTSDAM.train, *POTSDAM.test)):
        name = f'top_potsdam_{number}'
        labels[number] = truth = ground_truth(seed)
        write_tif(
            root / f'2_Ortho_{kind}' / f'{name}_{kind}.tif',
            image_of(truth, seed, bands),
            world=True,
        )
        write_tif(root / '5_Labels_all' / f'{name}_label.tif', COLOURS[truth])
    return labels


def pack(folder, archive):
    """Zip the files of a folder, without the folder itself."""
    with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob('*')):
            if path.is_file():
                target.write(path, path.relative_to(folder))
    return archive
