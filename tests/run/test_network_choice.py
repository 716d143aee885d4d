import hashlib
import json
from pathlib import Path

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from dfpenet_mm.errors import CheckpointError, InputFileError, RasterFormatError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.run import network_choice
from dfpenet_mm.run.network_choice import choose_network, working_pixels

UTM = CRS.from_epsg(32631)
TEN = (5.0, 20.0, 10.0)


def grid(gsd, side=1000):
    return RasterGrid(UTM, Affine(gsd, 0, 500_000, 0, -gsd, 4_000_000), (side, side))


def pixels(gsd, sizes=TEN, *, force=False, side=1000):
    return working_pixels(grid(gsd, side), sizes, name='a.tif', network='net', force=force)


def network(folder, name, sizes, working, weights=b'w'):
    (folder / f'{name}.pth').write_bytes(weights)
    card = {
        'config': 'x.py',
        'weights_sha256': hashlib.sha256(b'w').hexdigest(),
        'bands': ['red', 'green', 'blue'],
        'pixel_sizes': sizes,
        'working_pixel_size': working,
    }
    (folder / f'{name}.json').write_text(json.dumps(card))


@pytest.fixture
def two_networks(tmp_path, monkeypatch):
    network(tmp_path, 'fine', [1.5, 5], 3)
    network(tmp_path, 'coarse', [5, 20], 10)
    cards = network_choice.shipped_cards
    monkeypatch.setattr(network_choice, 'shipped_cards', lambda: cards(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ('gsd', 'name'),
    [(0.1, 'fine'), (1.5, 'fine'), (5, 'fine'), (5.1, 'coarse'), (20, 'coarse'), (99, 'coarse')],
)
def test_the_finest_network_that_knows_the_pixels_or_larger_ones(two_networks, gsd, name):
    assert choose_network(None, None, gsd).checkpoint == two_networks / f'{name}.pth'


def test_a_gap_between_two_networks_is_averaged_to_the_coarser_one(two_networks):
    network(two_networks, 'fine', [1.5, 2], 2)
    chosen = choose_network(None, None, 3.0)
    assert chosen.checkpoint.stem == 'coarse'
    assert pixels(3.0, chosen.known_sizes(None)).averaged_to == pytest.approx(10, rel=1e-3)


def test_shipped_weights_that_are_not_those_of_their_card(two_networks):
    (two_networks / 'coarse.pth').write_bytes(b'else')
    assert choose_network(None, None, 2).checkpoint.stem == 'fine'
    with pytest.raises(CheckpointError, match='copy both again from the same place'):
        choose_network(None, None, 10)


def test_a_named_network_is_taken_with_the_card_beside_it(tmp_path):
    network(tmp_path, 'mine', [1, 2], 1.5)
    chosen = choose_network(Path('c.py'), tmp_path / 'mine.pth', 10.0)
    assert chosen.config == Path('c.py')
    assert chosen.known_sizes((5, 20)) == (1.0, 2.0, 1.5)
    assert list(chosen.files) == ['checkpoint', 'card']
    (tmp_path / 'mine.json').write_text('{')
    with pytest.raises(InputFileError, match='cannot be read'):
        choose_network(Path('c.py'), tmp_path / 'mine.pth', 10.0)


def test_without_a_card_the_range_of_the_config_counts(tmp_path):
    chosen = choose_network(Path('c.py'), tmp_path / 'w.pth', 10.0)
    assert chosen.known_sizes((5, 20)) == (5, 20, 10.0)
    assert chosen.known_sizes(None) is None
    assert list(chosen.files) == ['checkpoint']
    chosen.require_bands((1, 2))


@pytest.mark.usefixtures('two_networks')
def test_card_and_config_must_see_as_many_bands():
    chosen = choose_network(None, None, 10)
    chosen.require_bands((3, 2, 1))
    with pytest.raises(CheckpointError, match=r'sees 3 bands \(red, green, blue\) by its card'):
        chosen.require_bands((1, 2))


def test_a_card_of_other_colours_wants_the_bands_named(tmp_path):
    network(tmp_path, 'infrared', [1, 2], 1.5)
    path = tmp_path / 'infrared.json'
    path.write_text(path.read_text().replace('"red", "green", "blue"', '"NIR", "red", "green"'))
    chosen = choose_network(Path('c.py'), tmp_path / 'infrared.pth', 10.0)
    with pytest.raises(CheckpointError, match=r'sees nir, red, green by its card'):
        chosen.require_bands((1, 2, 3), by_colour=True)
    chosen.require_bands((1, 2, 3), by_colour=False)
    chosen.require_bands((4, 1, 2), by_colour=True)


def test_known_pixels_stay_as_they_are():
    for gsd in (5, 10, 20):
        found = pixels(gsd)
        assert (found.grid, found.doubt, found.averaged_to) == (None, None, None)
    assert pixels(10).sentence == ('a.tif has pixels of 10 m, and the network net knows 5 to 20 m')


def test_smaller_ones_are_averaged_down():
    found = pixels(0.5)
    assert found.grid.shape == (50, 50)
    assert found.averaged_to == pytest.approx(10, rel=1e-3)
    assert found.sentence.endswith(
        ': the image is averaged down to 10 m, in which all products are'
    )
    assert found.to_dict() == {
        'image_m': pytest.approx(0.5, rel=1e-3),
        'known_m': [5.0, 20.0],
        'averaged_to_m': found.averaged_to,
    }


@given(st.floats(0.32, 24.9))
def test_detail_is_never_invented(gsd):
    found = pixels(gsd)
    assert found.averaged_to is None or found.averaged_to > gsd
    assert (found.grid is None) == (gsd >= 5 * 0.9985) or gsd == pytest.approx(5, rel=5e-3)


@pytest.mark.parametrize(
    ('gsd', 'sentence'),
    [
        (300, 'in larger ones it sees no landslide; give an image of smaller pixels'),
        (30, 'in larger ones it sees no landslide'),
        (0.1, 'averaged down to 10 m, more than 32 of its pixels a side'),
        (0.02, 'or map it in spite of that with --force'),
    ],
)
def test_pixels_that_no_network_can_use_are_refused_unless_forced(gsd, sentence):
    with pytest.raises(RasterFormatError, match=sentence):
        pixels(gsd)
    assert (pixels(gsd, force=True).grid is None) == (gsd > 20)


def test_somewhat_larger_ones_are_doubted():
    assert pixels(24).doubt.endswith(
        'it may miss most of what there is; use an image of smaller pixels'
    )
    assert pixels(300, force=True).doubt


def test_where_nobody_says_what_a_network_knows_everything_is_mapped():
    assert pixels(300, None).grid is None
    assert pixels(0.01, None).doubt is None
