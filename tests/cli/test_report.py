from dfpenet_mm.cli.landslide_map import _report, _scores
from dfpenet_mm.cli.run import LandslideRun

SUMMARY = {
    'totals': {'landslides': 2, 'area_m2': 1_500_000.0},
    'hooks': [{'hook': 'GeologicFilter', 'regions_in': 9, 'regions_out': 2}],
    'evaluation': None,
    'warnings': ['snow'],
}


def test_result_goes_to_stdout_and_warnings_to_stderr(tmp_path, capsys):
    _report(LandslideRun(SUMMARY, (tmp_path / 'mask.tif',)))
    printed = capsys.readouterr()
    assert printed.out.splitlines()[0] == '2 landslides, 1.500 km2'
    assert printed.out.splitlines()[1].split() == ['GeologicFilter', '9', '->', '2']
    assert printed.out.splitlines()[-1] == str(tmp_path / 'mask.tif')
    assert printed.err == 'warning: snow\n'


def test_scores_are_readable():
    assert _scores({'tp': 3, 'precision': 0.9425, 'recall': None}) == (
        'tp 3, precision 94.2%, recall n/a'
    )
