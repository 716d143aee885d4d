"""Every verb works from any folder, and loads no more than it needs."""

import json
import shutil
from pathlib import Path

import pytest

from dfpenet_mm.cli.landslide_map import VERBS, main
from tests.report.page.generated_run import write_run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    folder = tmp_path / 'elsewhere'
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize('verb', [['map'], []])
def test_map_may_be_named_or_not(cheap, elsewhere, verb):
    shutil.copy(cheap / 'post.tif', elsewhere / 'post.tif')
    network = [str(cheap / 'config.py'), str(cheap / 'weights.pth')]
    main([*verb, *network, '--post', 'post.tif', '--no-report', '--quiet'])
    summary = json.loads(Path('landslides_post', 'summary.json').read_text())
    assert summary['totals']['landslides'] > 0
    assert summary['provenance']['command'][0] == 'landslide-map'
    assert Path('landslides_post', 'landslides.gpkg').is_file()


def test_evaluate_compares_two_files(elsewhere, capsys):
    write_run(elsewhere.parent)
    inventory = next(elsewhere.parent.rglob('landslides.gpkg'))
    shutil.copy(inventory, 'mine.gpkg')
    main(['evaluate', 'mine.gpkg', str(inventory), '--out', 'evaluation', '--json'])
    assert json.loads(capsys.readouterr().out)['evaluation']['pixels']['iou'] == 1
    summary = json.loads(Path('evaluation', 'summary.json').read_text())
    assert summary['provenance']['command'][:3] == ['landslide-map', 'evaluate', 'mine.gpkg']


def test_report_is_written_into_the_run(elsewhere, capsys):
    out = write_run(elsewhere.parent)
    told = json.loads((out / 'summary.json').read_text())
    del told['provenance']['inputs']
    (out / 'summary.json').write_text(json.dumps(told))
    main(['report', str(out), '--post', str(out.parent / 'post.tif'), '--target', 'page.html'])
    assert capsys.readouterr().out == 'page.html\n'
    assert 'landslides' in Path('page.html').read_text()


@pytest.mark.parametrize('verb', VERBS)
def test_faults_of_a_verb_end_with_code_2(verb, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([verb, '--no-such-option'])
    assert exit_info.value.code == 2
    assert '--no-such-option' in capsys.readouterr().err or verb != 'doctor'


def test_help_lists_the_verbs_and_loads_no_library(fresh_python):
    code = (
        'import sys\n'
        'from dfpenet_mm.cli.landslide_map import main\n'
        'try:\n'
        "    main(['--help'])\n"
        'except SystemExit:\n'
        "    heavy = {'torch', 'mmseg', 'mmcv', 'mmengine', 'rasterio', 'geopandas'}\n"
        '    print(heavy & set(sys.modules))\n'
    )
    done = fresh_python(code)
    assert done.returncode == 0, done.stderr
    *told, loaded = done.stdout.splitlines()
    assert loaded == 'set()'
    for verb in VERBS:
        assert any(line.startswith(f'  {verb} ') for line in told)
