import hashlib
import json
from pathlib import Path

import pytest
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.errors import CheckpointError, InputFileError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.mapping.network import network_source
from dfpenet_mm.run import network_choice
from dfpenet_mm.run.network_choice import choose_network, network_for, wants_torch
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.working_pixels import working_pixels

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
    exported = folder / f'{name}_openvino'
    exported.mkdir(exist_ok=True)
    (exported / 'card.json').write_text(json.dumps({'network': card}))


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
    chosen = choose_network(None, None, gsd)
    assert chosen.checkpoint == two_networks / f'{name}_openvino'
    assert chosen.config == two_networks / f'{name}_openvino' / 'mapping.json'
    assert chosen.name == name
    for_torch = choose_network(None, None, gsd, exported=False)
    assert for_torch.checkpoint == two_networks / f'{name}.pth'
    assert for_torch.name == name


def test_a_gap_between_two_networks_is_averaged_to_the_coarser_one(two_networks):
    network(two_networks, 'fine', [1.5, 2], 2)
    chosen = choose_network(None, None, 3.0)
    assert chosen.name == 'coarse'
    assert pixels(3.0, chosen.known_sizes(None)).averaged_to == pytest.approx(10, rel=1e-3)


def test_shipped_weights_that_are_not_those_of_their_card(two_networks):
    (two_networks / 'coarse.pth').write_bytes(b'else')
    assert choose_network(None, None, 2, exported=False).name == 'fine'
    with pytest.raises(CheckpointError, match='copy both again from the same place'):
        choose_network(None, None, 10, exported=False)


def test_a_named_network_is_taken_with_the_card_beside_it(tmp_path):
    network(tmp_path, 'mine', [1, 2], 1.5)
    chosen = choose_network(Path('c.py'), tmp_path / 'mine.pth', 10.0)
    assert chosen.config == Path('c.py')
    assert chosen.known_sizes((5, 20)) == (1.0, 2.0, 1.5)
    assert list(chosen.files) == ['checkpoint', 'card']
    (tmp_path / 'mine.json').write_text('{')
    with pytest.raises(InputFileError, match='is no JSON from line 1, column 2 on'):
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


@pytest.mark.parametrize(
    ('asked', 'wanted'),
    [
        ({}, False),
        ({'backend': 'auto'}, False),
        ({'backend': 'openvino'}, False),
        ({'precision': 'bf16'}, False),
        ({'backend': 'torch'}, True),
        ({'precision': 'fp32'}, True),
    ],
)
def test_pytorch_runs_where_it_is_asked_for(asked, wanted):
    assert wants_torch(RunRequest(post=Path('a.tif'), device='cpu', **asked)) is wanted


def test_pytorch_runs_on_a_gpu(monkeypatch):
    monkeypatch.setattr(network_choice, 'find_device', lambda _: 'cuda')
    assert wants_torch(RunRequest(post=Path('a.tif')))
    assert not wants_torch(RunRequest(post=Path('a.tif'), backend='openvino'))


def test_weights_of_pytorch_are_refused_where_it_is_not_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(network_source, 'has_training', lambda: False)
    monkeypatch.setattr(network_choice, '_image_grid', lambda _: grid(10))
    request = RunRequest(post=Path('a.tif'), config=Path('c.py'), checkpoint=tmp_path / 'w.pth')
    with pytest.raises(CheckpointError, match=r'needs PyTorch.*export it with landslide-map'):
        network_for(request)
    (tmp_path / 'w_openvino').mkdir()
    (tmp_path / 'w_openvino' / 'model.xml').write_text('<net/>')
    with pytest.raises(CheckpointError, match=r'w_openvino in its place, or add PyTorch'):
        network_for(request)
