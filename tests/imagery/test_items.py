import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dfpenet_mm.errors import ImageryError, InputFileError
from dfpenet_mm.imagery.items import SourceItem, overpasses, read_item, read_items

TIME = '2023-07-01T10:46:30Z'
NAMINGS = [
    {'red': 'red', 'green': 'green', 'blue': 'blue', 'nir': 'nir', 'scl': 'scl'},
    {'red': 'B04', 'green': 'B03', 'blue': 'B02', 'nir': 'B08', 'scl': 'SCL'},
    {'red': 'B04_10m', 'green': 'B03_10m', 'blue': 'B02_10m', 'nir': 'B08_10m', 'scl': 'SCL_20m'},
]


def document(naming, name='S2A_31UFU_20230701_0_L2A', href='https://a.org/', **told):
    assets = {key: {'href': f'{href}{role}.tif'} for role, key in naming.items()}
    return {'id': name, 'properties': {'datetime': TIME, **told}, 'assets': assets}


@pytest.mark.parametrize('naming', NAMINGS)
def test_assets_by_any_of_their_names(naming):
    item = read_item(document(naming, **{'s2:processing_baseline': '05.09'}))
    assert item.missing == []
    assert item.assets['nir'].gdal_name == '/vsicurl/https://a.org/nir.tif'
    assert (item.baseline, item.tile, item.orbit) == ('05.09', '31UFU', None)
    assert item.licence == 'Contains modified Copernicus Sentinel data 2023'


def test_orbit_and_offset_from_wherever_they_are():
    uri = 'S2A_MSIL2A_20230701T103631_N0509_R008_T31UFU_20230701T200058.SAFE'
    told = document(NAMINGS[0], **{'s2:product_uri': uri, 'earthsearch:boa_offset_applied': False})
    told['assets']['red']['raster:bands'] = [{'scale': 0.0001, 'offset': -0.1}]
    item = read_item(told)
    assert (item.orbit, item.applied) == (8, False)
    assert (item.assets['red'].scale, item.assets['red'].offset) == (0.0001, -0.1)
    told['assets']['red'] = {'href': 'https://a.org/r', 'raster:offset': -0.1, 'raster:scale': 1e-4}
    assert read_item(told).assets['red'].offset == -0.1


def test_a_server_cannot_point_at_files_of_this_machine():
    item = read_item(document(NAMINGS[0], href='/etc/'))
    assert item.missing == ['red', 'green', 'blue', 'nir', 'scl']
    assert read_item(document(NAMINGS[0], href='s3://bucket/')).assets == {}


def test_items_of_a_file_lie_beside_it(tmp_path):
    path = tmp_path / 'items.json'
    path.write_text(json.dumps({'features': [document(NAMINGS[0], href='files/')]}))
    (item,) = read_items(path)
    assert Path(item.assets['red'].href) == tmp_path / 'files' / 'red.tif'


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('{', 'give the JSON of a STAC search'),
        ('[1]', 'holds no STAC items'),
        ('[{"id": "a"}]', 'the item a is no STAC item'),
        ('[{"id": "a", "properties": {"datetime": "x"}, "assets": {}}]', 'is no STAC item'),
    ],
)
def test_files_that_hold_no_items(tmp_path, text, said):
    (tmp_path / 'items.json').write_text(text)
    with pytest.raises((ImageryError, InputFileError), match=said):
        read_items(tmp_path / 'items.json')


def test_overpasses_keep_the_latest_version_of_a_tile():
    start = datetime(2023, 7, 1, tzinfo=UTC)

    def item(name, minutes, *, tile='', baseline='05.09', orbit=8):
        when = start + timedelta(minutes=minutes)
        return SourceItem(name, 'c', when, {}, baseline, None, orbit, tile)

    items = [
        item('b', 0, tile='31UFU', baseline='04.00'),
        item('a', 0, tile='31UFU'),
        item('c', 0.5, tile='31UGU'),
        item('d', 60, orbit=8),
        item('e', 61, orbit=9),
    ]
    found = [[item.id for item in passed.items] for passed in overpasses(reversed(items))]
    assert found == [['a', 'c'], ['d'], ['e']]
