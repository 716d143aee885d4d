"""From an event or an area to products, against a server on the loopback address."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyproj
import pytest
import rasterio
from PIL import Image
from scipy.ndimage import map_coordinates

from dfpenet_mm.errors import ImageryError, NetworkError, OutputError
from dfpenet_mm.imagery import fetch as fetch_module
from dfpenet_mm.imagery.catalogues import StacServer
from dfpenet_mm.imagery.fetch import fetch_images
from dfpenet_mm.imagery.fetch_folder import held_folder
from dfpenet_mm.imagery.request import FetchProgress, FetchRequest
from tests.imagery.world import EPSG, ORIGIN, ground

DAY = (datetime(2018, 9, 5, tzinfo=UTC), datetime(2018, 9, 6, tzinfo=UTC))
POST, PRE = '2018-09-10T01:20:00Z', '2018-08-11T01:20:00Z'
BANDS = ('red', 'green', 'blue', 'nir')


def box_of(left, top, right, bottom, epsg=EPSG):
    """Degrees of a box in metres from the corner of the image, well inside of it."""
    way = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)
    west, south = way.transform(left, bottom)
    east, north = way.transform(right, top)
    return west, south, east, north


INSIDE = box_of(ORIGIN[0] + 500, ORIGIN[1] - 500, ORIGIN[0] + 1500, ORIGIN[1] - 1400)


def ask(world, tmp_path, **settings):
    settings = {'box': INSIDE, 'date': DAY, 'out': tmp_path / 'out', 'dem': False} | settings
    return FetchRequest(
        server=StacServer(f'{world.url}/stac'), usgs=f'{world.url}/usgs', **settings
    )


def values(path):
    with rasterio.open(path) as source:
        return source.read(), source.profile


def expected(path):
    with rasterio.open(path) as source:
        return ground(EPSG, source.transform, source.shape)


def test_products_of_an_area(world, tmp_path):
    world.image('POST', POST, added=1000, baseline='05.00', applied=False, declared=-0.1)
    world.image('PRE', PRE)
    west, south = INSIDE[:2]
    world.elevation('N42', west - 0.03, south + 0.04)
    fetched = fetch_images(ask(world, tmp_path, dem=True))
    out = tmp_path / 'out'
    for name in ('post.tif', 'pre.tif'):
        # The offset is off, whichever image had it, and no pixel was moved.
        np.testing.assert_array_equal(values(out / name)[0], np.rint(expected(out / name)))
        with rasterio.open(out / name) as source:
            assert source.descriptions == BANDS
            assert [use.name for use in source.colorinterp[:3]] == list(BANDS[:3])
            assert (source.dtypes[0], source.nodata) == ('uint16', 0)
            assert source.scales == (0.0001,) * 4
            assert source.crs.to_epsg() == EPSG
    with rasterio.open(out / 'dem.tif') as dem:
        assert dem.crs.to_epsg() == 4326
        assert dem.bounds.left < INSIDE[0] - 0.009
        assert dem.bounds.top > INSIDE[3] + 0.009
        col = round((dem.bounds.left - west + 0.03) * 3600)
        row = round((south + 0.04 - dem.bounds.top) * 3600)
        assert dem.read(1)[0, 0] == pytest.approx(300 + row + col / 10, abs=1e-3)
    record = json.loads((out / 'fetch.json').read_text())
    post, pre = (record['images'][name]['sources'][0] for name in ('post.tif', 'pre.tif'))
    assert (post['id'], post['offset_subtracted'], pre['offset_subtracted']) == ('POST', 1000, 0)
    assert post['processing_baseline'] == '05.00'
    assert post['shares_of_area']['clear'] == 1
    assert len(post['sha256_of_pixels_read']) == 64
    assert post['licence'] == 'Contains modified Copernicus Sentinel data 2018'
    assert 'Airbus' in record['images']['dem.tif']['sources'][0]['licence']
    assert Image.open(out / 'quick_look.png').width > 200
    assert sorted(path.name for path in out.iterdir()) == sorted(p.name for p in fetched.files)


def test_clouds_are_masked_and_reported(world, tmp_path):
    classes = np.full((128, 128), 4, np.uint8)
    classes[25:35, 25:75], classes[35:40, 25:75], classes[40:42, 25:75] = 9, 3, 11
    world.image('POST', POST, classes=classes)
    world.image('PRE', PRE)
    fetched = fetch_images(ask(world, tmp_path, max_cloud=0.5))
    (line,) = fetched.notes
    assert 'post.tif: ' in line
    assert '% cloud' in line
    assert '--keep-clouds' in line
    mask, _ = values(tmp_path / 'out' / 'post_mask.tif')
    post, _ = values(tmp_path / 'out' / 'post.tif')
    assert set(np.unique(mask[0])) == {0, 1, 2, 3}
    np.testing.assert_array_equal((post == 0).all(axis=0), mask[0] != 0)
    share = fetched.record['images']['post.tif']['shares_of_area']
    assert share['cloud'] == pytest.approx(20 / 90, abs=0.02)
    kept = ask(world, tmp_path, out=tmp_path / 'kept', max_cloud=0.5, keep_clouds=True)
    fetch_images(kept)
    post, _ = values(tmp_path / 'kept' / 'post.tif')
    assert (post > 0).all()


def test_holes_are_filled_by_the_next_overpass(world, tmp_path):
    left, right = np.full((2, 128, 128), 4, np.uint8)
    left[:, 50:], right[:, :45] = 9, 8
    world.image('A', POST, classes=left)
    world.image('B', '2018-09-15T01:20:00Z', classes=right)
    world.image('PRE', PRE)
    fetched = fetch_images(ask(world, tmp_path))
    out = tmp_path / 'out'
    np.testing.assert_array_equal(values(out / 'post.tif')[0], np.rint(expected(out / 'post.tif')))
    assert set(np.unique(values(out / 'post_mask.tif')[0][1])) == {1, 2}
    assert [s['id'] for s in fetched.record['images']['post.tif']['sources']] == ['B', 'A']


def warped(source, target):
    """Another way to a grid: places by PROJ, values by scipy."""
    rows, cols = np.indices(target.shape) + 0.5
    xs, ys = target.transform @ (cols, rows)
    way = pyproj.Transformer.from_crs(target.crs, source.crs, always_xy=True)
    own_cols, own_rows = ~source.transform @ way.transform(xs, ys)
    numbers = source.read(1).astype(float)
    numbers[numbers == 0] = np.nan
    return map_coordinates(numbers, [own_rows - 0.5, own_cols - 0.5], order=1, cval=np.nan)


@pytest.mark.parametrize(
    ('zones', 'place'),
    [((32654, 32655), (144.0, 43.0)), ((32760, 32701), (180.0, -17.0))],
    ids=['two zones', 'antimeridian'],
)
def test_zones_meet_on_one_grid(world, tmp_path, zones, place):
    """Right to a tenth of a pixel: the numbers change by up to 20 a pixel."""
    lon, lat = place
    half = 128 * 10
    for number, epsg in enumerate(zones):
        to_metres = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)
        x, y = to_metres.transform(lon + (-0.012 if number == 0 else 0.012), lat)
        corner = (round(x / 10) * 10 - half, round(y / 10) * 10 + half)
        if number == 0:
            world.reference = (epsg, corner)
        for name, when in (('POST', POST), ('PRE', PRE)):
            world.image(f'{name}_{number}', when, epsg=epsg, origin=corner)
    east = lon + 0.02 if lon < 180 else -179.98
    fetched = fetch_images(ask(world, tmp_path, box=(lon - 0.02, lat - 0.008, east, lat + 0.008)))
    assert len(fetched.post.items) == 2
    mask, _ = values(tmp_path / 'out' / 'post_mask.tif')
    assert set(np.unique(mask[1])) >= {1, 2}
    assert (mask[0] == 0).mean() > 0.95
    with rasterio.open(tmp_path / 'out' / 'post.tif') as target:
        assert target.crs.to_epsg() in zones
        found = target.read(1).astype(float)
        for number, item in enumerate(fetched.post.items, start=1):
            name = item.assets['red'].href.rpartition('/')[2]
            with rasterio.open(world.folder / 'files' / name) as source:
                other = warped(source, target)
            both = (mask[1] == number) & np.isfinite(other)
            assert both.sum() > 1000
            assert np.abs(found - other)[both].max() <= 0.1 * 20 + 0.5


@pytest.mark.slow
def test_little_of_the_tiles_is_read(world, tmp_path):
    """50 km2 of images with as many blocks as Sentinel-2's: under a tenth of their bytes."""
    side = 5632  # 11 x 11 blocks of 512, as 10,980 pixels have of 1,024
    noise = np.random.default_rng(0).integers(300, 900, (512, 512), np.uint16)
    bands = np.broadcast_to(np.tile(noise, (11, 11)), (4, side, side))
    classes = np.full((side // 2, side // 2), 4, np.uint8)
    for name, when in (('POST', POST), ('PRE', PRE)):
        world.image(
            name,
            when,
            shape=(side, side),
            values=bands,
            classes=classes,
            block=512,
            alike='POST',
        )
    x, y = ORIGIN[0] + 20_000, ORIGIN[1] - 20_000
    world.sent.clear()
    fetched = fetch_images(ask(world, tmp_path, box=box_of(x, y, x + 7_100, y - 7_100)))
    assert fetched.area.km2 == pytest.approx(50, rel=0.02)
    total = sum(path.stat().st_size for path in (world.folder / 'files').iterdir())
    # Of a full set of files, of which links are counted as what they lead to.
    assert 0 < sum(world.sent.values()) < total / 10


class Stopper(FetchProgress):
    """Stops after so many steps, as a signal does."""

    def __init__(self, steps):
        self.steps = steps

    def advance(self, _):
        self.steps -= 1
        if not self.steps:
            raise KeyboardInterrupt


def products(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_stopped_and_continued_it_ends_with_equal_files(world, tmp_path, monkeypatch):
    monkeypatch.setattr('dfpenet_mm.imagery.mosaic.SIDE', 64)
    world.image('POST', POST)
    world.image('PRE', PRE)
    fetch_images(ask(world, tmp_path, out=tmp_path / 'whole'))
    request = ask(world, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fetch_images(request, Stopper(5))
    assert [path.name for path in request.out.iterdir()] == ['.unfinished']
    kept = list((request.out / '.unfinished' / 'windows').iterdir())
    assert len(kept) >= 8
    spoilt = kept[0]
    spoilt.write_bytes(spoilt.read_bytes()[:-3])
    world.requests.clear()
    fetch_images(request)
    again = sum('POST' in path for path, _ in world.requests)
    assert again < sum('PRE' in path for path, _ in world.requests)
    assert products(request.out) == products(tmp_path / 'whole')


def test_an_image_whose_values_contradict_it_is_passed_over(world, tmp_path):
    world.image('BAD', POST, baseline='05.00', applied=False, declared=-0.1)
    world.image('GOOD', '2018-09-15T01:20:00Z', baseline='05.00', applied=True, declared=-0.1)
    world.image('PRE', PRE)
    fetched = fetch_images(ask(world, tmp_path))
    assert [item.id for item in fetched.post.items] == ['GOOD']
    assert 'left out: BAD: its bands declare an offset of -1,000' in fetched.notes[0]
    by_hand = ask(world, tmp_path, out=tmp_path / 'b', post_items=['BAD'], offset=0)
    assert [item.id for item in fetch_images(by_hand).post.items] == ['BAD']


@pytest.mark.parametrize('fault', [403, 404])
def test_an_image_whose_file_is_missing_is_passed_over(world, tmp_path, fault):
    world.image('BAD', POST)
    world.image('LESS', '2018-09-12T01:20:00Z', without=('nir',))
    world.image('GOOD', '2018-09-15T01:20:00Z')
    world.image('PRE', PRE)
    world.faults['BAD_blue'] = [fault]
    fetched = fetch_images(ask(world, tmp_path))
    assert [item.id for item in fetched.post.items] == ['GOOD']
    assert len(fetched.notes) == 2


def test_all_cloud(world, tmp_path):
    for name, when in (('POST', POST), ('PRE', PRE)):
        world.image(name, when, classes=np.full((128, 128), 9, np.uint8))
    with pytest.raises(ImageryError, match='the clearest shows 0% of the area'):
        fetch_images(ask(world, tmp_path))
    assert not (tmp_path / 'out').exists()


def test_no_image_and_at_sea(world, tmp_path):
    with pytest.raises(ImageryError, match=r'no image of the area after the event was found'):
        fetch_images(ask(world, tmp_path))
    with pytest.raises(ImageryError, match='most likely lies at sea'):
        fetch_images(ask(world, tmp_path, dem=True))
    world.image('POST', POST)
    with pytest.raises(ImageryError, match=r'before the event was found .* --pre-dates'):
        fetch_images(ask(world, tmp_path))
    assert not (tmp_path / 'out').exists()


def period(first, last):
    return DAY[0] + timedelta(days=first), DAY[0] + timedelta(days=last)


@pytest.mark.parametrize(
    ('settings', 'said'),
    [
        ({'box': None}, 'no area was given'),
        ({'date': None}, 'no time was given'),
        ({'date': period(5000, 5001)}, 'still to come'),
        ({'post_dates': period(9, 3)}, 'give the earlier day first'),
        ({'post_dates': period(-9, -3)}, 'before the event on 2018-09-05'),
        ({'pre_dates': period(3, 9)}, 'after the event on 2018-09-05'),
        ({'max_gb': 1e-6}, 'cut the area with --aoi or --bbox, or raise --max-gb'),
        ({'post_items': ['X']}, '--post-item X is not among the 1 image found'),
        ({'event': 'nonsense'}, 'knows no event nonsense'),
    ],
)
def test_bad_requests_leave_nothing(world, tmp_path, settings, said):
    world.image('POST', POST)
    world.image('PRE', PRE)
    with pytest.raises(ImageryError, match=said):
        fetch_images(ask(world, tmp_path, **settings))
    assert not (tmp_path / 'out').exists()


def test_folders_in_use_and_full_disks(world, tmp_path, monkeypatch):
    world.image('POST', POST)
    world.image('PRE', PRE)
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'mine.txt').write_text('mine')
    with pytest.raises(OutputError, match=r'is not empty; name another folder with --out$'):
        fetch_images(ask(world, tmp_path))
    with pytest.raises(OutputError, match='is not empty'):
        fetch_images(ask(world, tmp_path, overwrite=True))
    request = ask(world, tmp_path, out=tmp_path / 'b')
    fetch_images(request)
    with pytest.raises(OutputError, match='or pass --overwrite to fetch anew'):
        fetch_images(request)
    fetch_images(ask(world, tmp_path, out=tmp_path / 'b', overwrite=True))
    usage = fetch_module.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(fetch_module.shutil, 'disk_usage', lambda _: usage)
    with pytest.raises(OutputError, match='free some space'):
        fetch_images(ask(world, tmp_path, out=tmp_path / 'c'))
    assert not (tmp_path / 'c').exists()


def test_one_fetch_at_a_time_works_in_a_folder(world, tmp_path):
    world.image('POST', POST)
    world.image('PRE', PRE)
    request = ask(world, tmp_path)
    with held_folder(request.out):
        world.requests.clear()
        with pytest.raises(OutputError, match=r'is in use by another run \(process \d+ on'):
            fetch_images(request)
        assert not world.requests
    assert not request.out.exists()
    (request.out / '.unfinished' / 'post' / 'blocks').mkdir(parents=True)
    with pytest.raises(OutputError, match='is not empty'):
        fetch_images(request)
    assert (request.out / '.unfinished' / 'post' / 'blocks').is_dir()


@pytest.mark.parametrize('code', [403, 500])
def test_a_server_that_fails(world, tmp_path, code):
    world.faults['/stac/search'] = [code]
    with pytest.raises(NetworkError, match=rf'the image server .* HTTP {code}'):
        fetch_images(ask(world, tmp_path))
    world.faults = {'/stac': [None]}
    world.image('POST', POST)
    world.image('PRE', PRE)
    world.faults = {'POST_scl': [500]}
    with pytest.raises(NetworkError, match='POST: its file of scl cannot be read'):
        fetch_images(ask(world, tmp_path))
    assert not (tmp_path / 'out').exists()


def test_what_fails_before_a_window_is_kept_leaves_nothing(world, tmp_path, monkeypatch):
    world.image('POST', POST)
    world.image('PRE', PRE)

    def gone(*_, **__):
        raise NetworkError('gone')

    monkeypatch.setattr(fetch_module, 'write_mosaic', gone)
    with pytest.raises(NetworkError, match='gone'):
        fetch_images(ask(world, tmp_path))
    assert not (tmp_path / 'out').exists()


def test_a_dry_run_writes_nothing_and_looks_at_all(world, tmp_path):
    for day in (10, 15, 20):
        world.image(f'POST{day}', f'2018-09-{day}T01:20:00Z')
    world.image('PRE', PRE)
    fetched = fetch_images(ask(world, tmp_path, dry_run=True))
    assert len(fetched.post.seen) == 3
    assert [item.id for item in fetched.post.items] == ['POST10']
    assert not (tmp_path / 'out').exists()


def test_items_of_a_file_need_no_server(world, tmp_path):
    documents = [world.image('POST', POST), world.image('PRE', '2016-01-01T01:20:00Z')]
    for document in documents:
        for asset in document['assets'].values():
            asset['href'] = asset['href'].removeprefix(f'{world.url}/')
    (world.folder / 'items.json').write_text(json.dumps({'features': documents}))
    before = len(world.requests)
    fetched = fetch_images(ask(world, tmp_path, items=world.folder / 'items.json', dem=True))
    assert len(world.requests) == before
    assert fetched.notes == ['no elevation was found for the area, so there is no dem.tif']
    out = tmp_path / 'out'
    np.testing.assert_array_equal(values(out / 'post.tif')[0], np.rint(expected(out / 'post.tif')))
