import hashlib
import json

from dfpenet_mm import __version__
from dfpenet_mm.cli.provenance import package_versions, provenance


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
