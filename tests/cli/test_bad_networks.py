"""Networks whose cards cannot serve end in one sentence, and one without calibration is doubted."""

import hashlib
import json

import pytest

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.mapping.network import card as cards

CARD = {
    'config': 'config.py',
    'weights_sha256': hashlib.sha256(b'weights').hexdigest(),
    'bands': ['red', 'green', 'blue'],
    'pixel_sizes': [5, 20],
    'working_pixel_size': 10,
}


@pytest.fixture
def network(tmp_path):
    """Give ``network(text, name)``: weights, and beside them a card of this text or content."""

    def write(card, name='net'):
        weights = tmp_path / f'{name}.pth'
        weights.write_bytes(b'weights')
        text = card if isinstance(card, str) else json.dumps(CARD | card)
        weights.with_suffix('.json').write_text(text)
        return weights

    return write


@pytest.mark.parametrize(
    ('card', 'complaint'),
    [
        ('{"config": ', 'net.json of a network is no JSON from line 1, column 12 on; copy it'),
        ('[1]', 'net.json of a network holds no named values; copy it again'),
        ({'pixel_sizes': None}, 'net.json of a network lacks pixel_sizes; copy it again'),
        ({'weights_sha256': 64 * '0'}, 'their card net.json was written for 000000000000…; copy'),
        ({'bands': ['red', 'nir']}, 'net sees 2 bands (red, nir) by its card, and 3 bands by its'),
        ({'bands': ['nir', 'red', 'green']}, 'with --bands which of its bands are nir, red, green'),
    ],
)
def test_a_card_that_cannot_serve(complain, network, card, complaint):
    assert complaint in complain(checkpoint=network(card))


def test_shipped_networks_that_claim_the_same_pixels(complain, network, tmp_path, monkeypatch):
    network({}, 'old')
    network({'pixel_sizes': [3, 6], 'working_pixel_size': 5}, 'new')
    monkeypatch.setattr(cards, 'checkpoint_dir', lambda: tmp_path)
    complaint = complain(config=None, checkpoint=None)
    assert 'same pixel sizes: new.json 3 to 6 m and old.json 5 to 20 m; correct one' in complaint


def test_a_network_without_calibration_is_doubted_and_its_report_says_so(
    cheap_arguments, tmp_path, capsys
):
    arguments = [text for text in cheap_arguments(tmp_path / 'out') if text != '--no-report']
    main(arguments)
    sentence = 'the probability of the network weights is not calibrated, so that 0.7 does not mean'
    assert f'warning: {sentence}' in capsys.readouterr().err
    summary = json.loads((tmp_path / 'out' / 'summary.json').read_text())
    assert any(said.startswith(sentence) for said in summary['warnings'])
    report = (tmp_path / 'out' / 'report.html').read_text()
    assert sentence.removeprefix('the ') in report
    assert 'Not calibrated: it ranks pixels' in report
