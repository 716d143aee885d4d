import hashlib
import json

import numpy as np
import rasterio
from rasterio.transform import from_origin

from dfpenet_mm import __version__
from dfpenet_mm.cli.provenance import package_versions, provenance, stamp_rasters


def test_inputs_are_named_with_their_checksums(tmp_path):
    (tmp_path / 'post.tif').write_bytes(b'pixels')
    origin = provenance(
        inputs={'post': tmp_path / 'post.tif', 'pre': None},
        settings={'threshold': 0.5},
        command=['landslide-map', 'x'],
    )
    checksum = hashlib.sha256(b'pixels').hexdigest()
    assert origin['inputs'] == {'post': {'name': 'post.tif', 'bytes': 6, 'sha256': checksum}}
    assert origin['command'] == ['landslide-map', 'x']
    assert origin['created'].endswith('+00:00')
    json.dumps(origin)


def test_versions_name_what_shapes_a_result():
    versions = package_versions()
    assert versions['dfpenet_mm'] == __version__
    assert {'torch', 'rasterio', 'numpy', 'python'} <= set(versions)


def test_stamp_leaves_pixels_and_georeference_alone(tmp_path):
    path = tmp_path / 'mask.tif'
    pixels = np.arange(20, dtype=np.uint8).reshape(1, 4, 5)
    transform = from_origin(500_000, 4_700_000, 10, 10)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        width=5,
        height=4,
        count=1,
        dtype='uint8',
        nodata=255,
        crs='EPSG:32654',
        transform=transform,
    ) as target:
        target.write(pixels)
    stamp_rasters([path], {'a': [1]})
    with rasterio.open(path) as dataset:
        assert json.loads(dataset.tags()['DFPENET_MM']) == {'a': [1]}
        np.testing.assert_array_equal(dataset.read(), pixels)
        assert (dataset.transform, dataset.nodata) == (transform, 255)
