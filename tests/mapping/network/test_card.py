import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from dfpenet_mm.calibration import Calibration, PlattScaling
from dfpenet_mm.errors import CheckpointError, InputFileError
from dfpenet_mm.mapping.network.card import NetworkCard, card_beside, shipped_cards
from dfpenet_mm.resources import checkpoint_dir

POINT = {'pixel_size': 10, 'slope': 0.7, 'intercept': -0.2}
VALUES = {
    'config': 'config.py',
    'weights_sha256': hashlib.sha256(b'weights').hexdigest(),
    'bands': ['red', 'green', 'blue'],
    'pixel_sizes': [5, 20],
    'working_pixel_size': 10,
    'threshold': 0.45,
    'calibration': {
        'method': 'platt',
        'points': [
            POINT,
            {'pixel_size': 2.5, 'slope': 0.9, 'intercept': 0.4, 'threshold': 0.6},
        ],
        'fitted_on': 'chips',
    },
    'novelty': {'mean': [1.0, 2.0]},
    'trained_on': ['chips'],
    'never_seen': ['snow'],
}


def write(folder, name='net.json', **changes):
    path = folder / name
    values = {key: value for key, value in {**VALUES, **changes}.items() if value is not ...}
    path.write_text(json.dumps(values))
    return path


def test_every_field_is_read_and_written_back(tmp_path):
    card = NetworkCard.read(write(tmp_path))
    assert card.bands == ('red', 'green', 'blue')
    assert card.pixel_sizes == (5.0, 20.0)
    assert (card.working_pixel_size, card.threshold) == (10.0, 0.45)
    assert card.calibration == Calibration(
        {2.5: PlattScaling(0.9, 0.4), 10.0: PlattScaling(0.7, -0.2)}, 'chips', {2.5: 0.6}
    )
    assert (card.threshold_at(2), card.threshold_at(10)) == (0.6, 0.45)
    assert card.novelty == {'mean': [1.0, 2.0]}
    assert (card.trained_on, card.never_seen) == (('chips',), ('snow',))
    assert card.weights == tmp_path / 'net.pth'
    again = tmp_path / 'again.json'
    card.write(again)
    assert NetworkCard.read(again) == replace(card, path=again)


def test_what_may_be_left_out(tmp_path):
    names = ('threshold', 'calibration', 'novelty', 'trained_on', 'never_seen')
    card = NetworkCard.read(write(tmp_path, **dict.fromkeys(names, ...)))
    assert (card.threshold, card.calibration, card.novelty) == (None, None, None)
    assert card.trained_on == card.never_seen == ()
    card.write(tmp_path / 'again.json')
    assert NetworkCard.read(tmp_path / 'again.json').calibration is None


def test_the_card_of_an_exported_network_holds_its_own(tmp_path):
    path = tmp_path / 'card.json'
    path.write_text(json.dumps({'files': {}, 'network': VALUES}))
    assert NetworkCard.read(path).working_pixel_size == 10


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        ({'config': ...}, 'lacks config; copy it again'),
        ({'bands': []}, 'has bands [], wanted is a list of texts'),
        ({'bands': 'red'}, "has bands 'red', wanted is a list of texts"),
        ({'trained_on': [1]}, 'has trained_on [1], wanted is a list of texts'),
        ({'pixel_sizes': [20, 5]}, 'has pixel_sizes [20, 5], wanted is the smallest and the'),
        ({'pixel_sizes': 10}, 'has pixel_sizes 10, wanted is the smallest and the'),
        ({'working_pixel_size': 30}, 'has working_pixel_size 30, wanted is a number from 5 to 20'),
        ({'threshold': '0.5'}, "has threshold '0.5', wanted is a number from 0 to 1"),
        ({'threshold': math.nan}, 'has threshold nan, wanted is a number from 0 to 1'),
        ({'weights_sha256': 3}, 'has weights_sha256 3, wanted is a text'),
        ({'novelty': 3}, 'has novelty 3, wanted is a table of named values'),
        ({'calibration': {'points': []}}, 'lacks calibration.method'),
        ({'calibration': {'method': 'isotonic'}}, "calibration.method 'isotonic', wanted is 'pl"),
        (
            {'calibration': {'method': 'platt', 'points': []}},
            'calibration.points [], wanted is a list of tables',
        ),
        (
            {'calibration': {'method': 'platt', 'points': [{'pixel_size': 0}]}},
            'calibration.points.pixel_size 0, wanted is a number',
        ),
        (
            {
                'calibration': {
                    **VALUES['calibration'],
                    'points': VALUES['calibration']['points'][:1] * 2,
                }
            },
            'wanted is one point for each pixel size',
        ),
    ],
)
def test_a_card_that_cannot_serve(tmp_path, changes, sentence):
    path = write(tmp_path, **changes)
    with pytest.raises(InputFileError) as caught:
        NetworkCard.read(path)
    assert str(caught.value).startswith(f'the card {path} of a network ')
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ('content', 'fault'),
    [
        (None, 'cannot be read (No such file or directory)'),
        (b'{"config":\n "a.py" "bands"', 'is no JSON from line 2, column 9 on'),
        (b'\xff\xfe', 'is no text'),
        (b'[]', 'holds no named values'),
    ],
)
def test_a_file_that_is_no_card(tmp_path, content, fault):
    path = tmp_path / 'net.json'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputFileError) as caught:
        NetworkCard.read(path)
    assert str(caught.value) == (
        f'the card {path} of a network {fault}; copy it again from where the weights come from'
    )


def test_weights_that_the_card_does_not_describe(tmp_path):
    weights = tmp_path / 'net.pth'
    weights.write_bytes(b'weights')
    assert card_beside(weights) is None
    card = NetworkCard.read(write(tmp_path))
    assert card_beside(weights) == card
    weights.write_bytes(b'other weights')
    with pytest.raises(CheckpointError, match=r'copy both again from the same place'):
        card_beside(weights)
    with pytest.raises(InputFileError, match='cannot be read'):
        card.require_weights(tmp_path / 'gone.pth')


def test_networks_in_a_folder_come_by_pixel_size(tmp_path):
    write(tmp_path, 'a.json')
    write(tmp_path, 'b.json', pixel_sizes=[1.5, 5], working_pixel_size=3)
    assert [card.path.name for card in shipped_cards(tmp_path)] == ['b.json', 'a.json']


def test_networks_that_claim_the_same_pixels(tmp_path):
    write(tmp_path, 'a.json')
    write(tmp_path, 'b.json', pixel_sizes=[1.5, 5.5], working_pixel_size=3)
    with pytest.raises(CheckpointError, match=r'b.json 1.5 to 5.5 m and a.json 5 to 20 m; correct'):
        shipped_cards(tmp_path)


def test_a_folder_without_a_card(tmp_path):
    with pytest.raises(InputFileError, match='holds no card'):
        shipped_cards(tmp_path)


def test_shipped_cards_describe_the_shipped_networks():
    cards = [NetworkCard.read(path) for path in checkpoint_dir().glob('*.json')]
    assert {card.weights for card in cards} == set(checkpoint_dir().glob('*.pth'))
    assert {card.path for card in shipped_cards()} < {card.path for card in cards}
    for card in cards:
        card.require_weights(card.weights)
        assert card.config_file.is_file()


def test_config_beside_the_card_comes_first(tmp_path):
    (tmp_path / 'config.py').touch()
    assert NetworkCard.read(write(tmp_path)).config_file == tmp_path / 'config.py'
    assert NetworkCard.read(write(tmp_path, config='x.py')).config_file == Path('x.py')


def test_a_superseded_network_is_not_chosen(tmp_path):
    write(tmp_path, 'new.json', pixel_sizes=[4, 20])
    write(tmp_path, 'old.json')
    with pytest.raises(CheckpointError, match='claim the same pixel sizes'):
        shipped_cards(tmp_path)

    old = NetworkCard.read(write(tmp_path, 'old.json', superseded_by='new'))
    old.write(old.path)

    assert [card.path.stem for card in shipped_cards(tmp_path)] == ['new']
    assert NetworkCard.read(old.path) == old
