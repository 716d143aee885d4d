import importlib.util
import json
from functools import partial

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from dfpenet_mm.errors import ConfigError, InstallError, OutputError
from postproc.inventory import formats
from postproc.inventory.formats import FORMATS, check_filenames, short_names, write_inventory
from postproc.inventory.layer import Layer

PYARROW = importlib.util.find_spec('pyarrow') is not None
EXTENSIONS = [
    pytest.param(extension, marks=pytest.mark.skipif(not PYARROW, reason='needs pyarrow'))
    if extension == '.parquet'
    else extension
    for extension in FORMATS
    # These two lose types or outlines; tests/run/test_finish.py has them.
    if extension not in ('.kmz', '.csv')
]
PROVENANCE = {'command': 'landslide-map "a&b"', 'inputs': {'post': {'name': 'größe.tif'}}}


def read_back(path, layer):
    """Read a layer as it was handed on: names, order and types of the columns."""
    if path.suffix == '.gpkg':
        table = gpd.read_file(path, layer=layer.name)
    elif path.suffix == '.parquet':
        table = gpd.read_parquet(layer.beside(path))
    else:
        table = gpd.read_file(layer.beside(path))
    if path.suffix == '.shp':
        short = short_names(name for name in layer.table if name != 'geometry')
        table = table.rename(columns={value: key for key, value in short.items()})
    key = 'id' if 'id' in table else 'kind'
    return table.sort_values(key).reset_index(drop=True)


def assert_same(found, expected, *, exact=True):
    assert list(found.columns) == list(expected.columns)
    assert found.crs == expected.crs
    for name in found.columns.drop('geometry'):
        one, other = found[name], expected[name]
        assert one.isna().tolist() == other.isna().tolist(), name
        if other.dtype.kind == 'f' and not exact:
            np.testing.assert_allclose(one, other, rtol=1e-14)
        else:
            assert one[one.notna()].tolist() == other[other.notna()].tolist(), name
        assert one.dtype.kind == other.dtype.kind, name
    shapes = [shapely.normalize(table.geometry.to_numpy()) for table in (found, expected)]
    # A polygon and a multipolygon of it alone are the same.
    shapes = [shapely.normalize(shapely.union_all(one[:, None], axis=1)) for one in shapes]
    assert shapely.equals_exact(*shapes, tolerance=0 if exact else 1e-6).all()


@pytest.mark.parametrize('extension', EXTENSIONS)
@pytest.mark.parametrize('arrow', [True, False] if PYARROW else [False])
def test_what_is_written_reads_back_equal(layers, tmp_path, monkeypatch, extension, arrow):
    monkeypatch.setattr('postproc.inventory.layer.ARROW', arrow)
    path = tmp_path / f'landslides{extension}'

    files = write_inventory(layers, tmp_path, [path.name], PROVENANCE)

    assert sorted(item.name for item in tmp_path.iterdir()) == files
    for layer in layers:
        found = read_back(path, layer)
        if extension == '.geojson':
            assert found.crs == 'EPSG:4326'
            # Seven decimals of a degree: 1 cm.
            placed = layer.table.to_crs('EPSG:4326').geometry
            off = shapely.hausdorff_distance(found.geometry.array, placed.array)
            assert (off < 2e-7).all()
            found = found.set_geometry(layer.table.geometry)
        assert_same(found, layer.table, exact=extension not in ('.shp', '.geojson'))


@pytest.mark.parametrize('extension', EXTENSIONS)
def test_an_empty_inventory_is_a_valid_file_with_the_fields(layers, tmp_path, extension):
    empty = [Layer(layer.role, layer.name, layer.table.iloc[:0]) for layer in layers]
    path = tmp_path / f'landslides{extension}'

    write_inventory(empty, tmp_path, [path.name], {})

    for layer in empty:
        found = read_back(path, layer) if extension != '.geojson' else layer.table
        assert list(found.columns) == list(layer.table.columns)
        assert len(found) == 0
        assert found.crs == 'EPSG:32654'
    if extension == '.geojson':
        # The format knows fields from features only.
        assert json.loads(path.read_text())['features'] == []


@pytest.mark.parametrize('extension', ['.gpkg', '.fgb', '.geojson'])
def test_provenance_is_in_the_file(layers, tmp_path, extension):
    path = tmp_path / f'landslides{extension}'

    write_inventory(layers, tmp_path, [path.name], PROVENANCE)

    if extension == '.geojson':
        text = json.loads(path.read_text(encoding='utf-8'))['description']
    else:
        text = pyogrio.read_info(path, layer='landslides')['layer_metadata']['DFPENET_MM']
    assert json.loads(text) == PROVENANCE


@pytest.mark.skipif(not PYARROW, reason='needs pyarrow')
def test_geoparquet_has_the_provenance_and_its_schema(layers, tmp_path):
    write_inventory(layers, tmp_path, ['landslides.parquet'], PROVENANCE)

    table = gpd.read_parquet(tmp_path / 'landslides.parquet')
    assert json.loads(table.attrs['DFPENET_MM']) == PROVENANCE
    assert 'DFPENET_MM' not in layers[0].table.attrs


def test_several_formats_appear_together_or_not_at_all(layers, tmp_path, monkeypatch):
    (tmp_path / 'landslides.gpkg').write_text('old')

    def fail(_layers, path, _provenance):
        path.write_text('half')
        raise OSError(28, 'No space left on device')

    with monkeypatch.context() as patch:
        patch.setitem(FORMATS, '.fgb', fail)
        with pytest.raises(OutputError, match=r'landslides\.gpkg cannot be written'):
            write_inventory(layers, tmp_path, ['landslides.gpkg', 'landslides.fgb'], {})
    assert [path.name for path in tmp_path.iterdir()] == ['landslides.gpkg']
    assert (tmp_path / 'landslides.gpkg').read_text() == 'old'

    files = write_inventory(layers, tmp_path, ['landslides.gpkg', 'landslides.fgb'], {})
    assert files == [
        'landslides.fgb',
        'landslides.gpkg',
        'landslides_headscarps.fgb',
        'landslides_rejected.fgb',
    ]


@pytest.mark.parametrize('extension', ['.gpkg', '.geojson', '.shp', '.fgb'])
@pytest.mark.parametrize('share', [0.02, 0.5, 0.8, 0.95])
def test_a_full_disk_leaves_nothing(layers, tmp_path, full_disk, extension, share):
    many = layers[0].table.loc[np.repeat([0, 1, 2], 100)].assign(id=range(300))
    many = [Layer(layers[0].role, 'landslides', many)]
    names = [f'landslides{extension}']
    files = [tmp_path / name for name in write_inventory(many, tmp_path, names, {})]
    limit = int(share * max(path.stat().st_size for path in files))
    for path in files:
        path.unlink()

    with full_disk(limit), pytest.raises(OutputError, match='cannot be written') as caught:
        write_inventory(many, tmp_path, names, {})

    assert len(str(caught.value)) < 500
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_lacks_its_last_byte_is_refused(layers, tmp_path, full_disk):
    write_inventory(layers[:1], tmp_path, ['a.fgb'], {})
    size = (tmp_path / 'a.fgb').stat().st_size

    with full_disk(size - 1), pytest.raises(OutputError, match=r'b\.fgb cannot be written'):
        write_inventory(layers[:1], tmp_path, ['b.fgb'], {})


@pytest.mark.skipif(not PYARROW, reason='needs pyarrow')
def test_what_is_read_back_may_come_in_several_parts(layers, tmp_path, monkeypatch):
    monkeypatch.setattr(pyogrio, 'open_arrow', partial(pyogrio.open_arrow, batch_size=2))

    assert write_inventory(layers[:1], tmp_path, ['a.gpkg'], {}) == ['a.gpkg']


# FlatGeobuf itself refuses a missing geometry.
@pytest.mark.parametrize('extension', ['.gpkg', '.geojson', '.shp'])
@pytest.mark.parametrize('lost', ['row', 'geometry'])
def test_what_did_not_arrive_is_noticed(layers, tmp_path, monkeypatch, extension, lost):
    write = pyogrio.write_dataframe

    def write_less(table, *args, **options):
        if lost == 'row':
            return write(table.iloc[:-1], *args, **options)
        return write(table.set_geometry([*table.geometry[:-1], None]), *args, **options)

    monkeypatch.setattr(pyogrio, 'write_dataframe', write_less)

    for arrow in {PYARROW, False}:
        monkeypatch.setattr('postproc.inventory.layer.ARROW', arrow)
        with pytest.raises(OutputError, match='does not hold the landslides'):
            write_inventory(layers[:1], tmp_path, [f'a{extension}'], {})
    assert list(tmp_path.iterdir()) == []


def test_refuses_names(monkeypatch):
    for names in (['a/b.gpkg'], ['landslides.kml'], ['landslides'], [3], [], None, 7):
        with pytest.raises(ConfigError, match='Vectoriser filename is'):
            check_filenames(names)
    for names in (
        ['a.gpkg', 'a.gpkg'],
        ['a.fgb', 'A.fgb'],
        ['a.fgb', 'a_rejected.fgb'],
        ['a_headscarps.shp', 'a.shp'],
    ):
        with pytest.raises(ConfigError, match='would both write'):
            check_filenames(names)
    check_filenames(['a.gpkg', 'a.shp', 'a.fgb', 'a_rejected.gpkg'])
    monkeypatch.setattr(formats.importlib.util, 'find_spec', lambda _: None)
    with pytest.raises(InstallError, match='pip install pyarrow'):
        check_filenames(['a.parquet'])


def test_objects_of_a_hook_become_text(layers, tmp_path):
    table = layers[0].table.assign(site=[{'a': 1}, None, 7])

    write_inventory([Layer('landslides', 'landslides', table)], tmp_path, ['a.gpkg'], {})

    found = gpd.read_file(tmp_path / 'a.gpkg', layer='landslides')
    assert found['site'].tolist()[0] == "{'a': 1}"
    assert found['site'].isna().tolist() == [False, True, False]
    assert found['site'].tolist()[2] == '7'
