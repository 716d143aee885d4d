from pathlib import Path

from dfpenet_mm.cli.products import USES, with_uses


def test_what_is_looked_at_first_comes_first():
    names = ['summary.json', 'figures/new.png', 'odd.bin', 'landslides.fgb', 'landslides.gpkg']
    found = with_uses(Path('out') / name for name in [*names, 'report.html'])
    assert [path.name for path, _ in found] == [
        'report.html',
        'landslides.gpkg',
        'landslides.fgb',
        'new.png',
        'summary.json',
        'odd.bin',
    ]
    assert found[2][1] == 'the inventory in another format'
    assert found[-1][1] == ''


def test_every_use_fits_beside_a_name_in_80_columns():
    assert max(map(len, USES.values())) <= 41
