import hashlib
import json
from pathlib import Path

import pytest
from mmengine.config import Config

from dfpenet_mm import __version__
from dfpenet_mm.errors import InputFileError
from dfpenet_mm.run.provenance import (
    PACKAGES,
    describe_input,
    package_versions,
    provenance,
    resolved_settings,
)
from dfpenet_mm.run.record import RECORDED_PACKAGES


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


def test_every_version_that_a_resumed_run_compares_is_known():
    assert set(RECORDED_PACKAGES) <= {'python', 'dfpenet_mm', *PACKAGES}


def test_an_input_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, 'Permission denied')

    (tmp_path / 'weights.pth').write_bytes(b'')
    monkeypatch.setattr(Path, 'open', refuse)
    with pytest.raises(InputFileError, match=r'weights\.pth cannot be read \(Permission denied\)'):
        describe_input(tmp_path / 'weights.pth')


def test_where_a_quantised_network_lies_is_of_no_account():
    predictor = {'type': 'OpenVinoPredictor', 'quantised': '/somewhere/net_int8'}
    settings = resolved_settings(Config({'mapping': {'predictor': predictor}}))
    assert settings['mapping']['predictor']['quantised'] == 'net_int8'


def test_of_a_part_of_an_archive_the_archive_is_summed_up(tmp_path):
    (tmp_path / 'a.zip').write_bytes(b'pixels')
    (tmp_path / 'a.gpkg').write_bytes(b'table')
    for name, content in (
        (f'/vsizip/{tmp_path}/a.zip/in/b.tif', b'pixels'),
        (f'GPKG:{tmp_path}/a.gpkg:basemap', b'table'),
    ):
        described = describe_input(Path(name))
        assert described['sha256'] == hashlib.sha256(content).hexdigest()
        assert described['bytes'] == len(content)
    assert describe_input(Path('PG:dbname=gis')) == {'name': 'PG:dbname=gis'}
