"""Every verb works from any folder, and loads no more than it needs."""

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

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


@pytest.mark.parametrize(
    'before', [['--json'], ['--progress', 'json'], ['--json', '--pro=bar'], ['--prog', 'json']]
)
def test_common_options_may_stand_before_a_verb(before, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([*before, 'evaluate', 'nowhere.gpkg', 'b.gpkg'])
    assert exit_info.value.code == 2
    assert 'the prediction nowhere.gpkg does not exist' in capsys.readouterr().err


@pytest.mark.parametrize('before', [[], ['--json']])
def test_a_misspelt_verb_is_no_config(before, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([*before, 'taech', 'run'])
    assert exit_info.value.code == 2
    assert 'taech is no verb and no file; did you mean landslide-map teach?' in (
        capsys.readouterr().err
    )


def test_an_option_much_like_a_verb_is_an_option(capsys):
    with pytest.raises(SystemExit):
        main(['--no-report', '--post', 'nowhere.tif'])
    assert 'post file nowhere.tif does not exist' in capsys.readouterr().err


def test_a_file_named_much_like_a_verb_is_a_config(elsewhere, capsys):
    (elsewhere / 'maps').write_text('no config')
    with pytest.raises(SystemExit):
        main(['maps', 'weights.pth', '--post', 'nowhere.tif'])
    assert 'did you mean' not in capsys.readouterr().err


@pytest.mark.parametrize('verb', VERBS)
def test_faults_of_a_verb_end_with_code_2(verb, capsys):
    with pytest.raises(SystemExit) as exit_info:
        main([verb, '--no-such-option'])
    assert exit_info.value.code == 2
    assert '--no-such-option' in capsys.readouterr().err or verb != 'doctor'


# What takes seconds to load; nobody waits for it to read a help or a wrong path.
HEAVY = {
    *('torch', 'mmseg', 'mmcv', 'mmengine', 'openvino', 'numpy', 'scipy', 'matplotlib', 'pandas'),
    *('rasterio', 'pyogrio', 'geopandas', 'shapely', 'pyproj', 'requests', 'pystac_client'),
}


def loaded_by(fresh_python, *command_lines):
    """Run commands one after the other in a fresh process; return what each said and loaded."""
    code = (
        'import contextlib, io, json, sys\n'
        'from dfpenet_mm.cli.landslide_map import main\n'
        f'for arguments in {[list(map(str, line)) for line in command_lines]!r}:\n'
        '    said, code = io.StringIO(), 0\n'
        '    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):\n'
        '        try:\n'
        '            main(arguments)\n'
        '        except SystemExit as end:\n'
        '            code = end.code\n'
        f'    print(json.dumps([said.getvalue(), code, sorted({HEAVY!r} & set(sys.modules))]))\n'
    )
    done = fresh_python(code)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_help_lists_the_verbs_and_loads_no_library(fresh_python):
    told, *of_verbs = loaded_by(fresh_python, ['--help'], *([verb, '--help'] for verb in VERBS))
    for verb in VERBS:
        assert f'\n  {verb} ' in told[0]
    assert all(code in (0, None) and loaded == [] for _, code, loaded in [told, *of_verbs])


def test_a_wrong_path_and_a_folder_in_use_are_refused_before_a_library_loads(
    fresh_python, tmp_path
):
    image, full = tmp_path / 'image.tif', tmp_path / 'full'
    image.write_bytes(b'no image, and nobody looks into it')
    full.mkdir()
    (full / 'mine.txt').write_text('mine')
    held = tmp_path / 'held'
    (held / '.unfinished').mkdir(parents=True)
    command_lines = {
        'post file nowhere.tif does not exist': ['--post', 'nowhere.tif'],
        'dem file nowhere.tif does not exist': ['--post', image, '--dem', 'nowhere.tif'],
        'layer_slope file nowhere': ['--post', image, '--layer', 'slope=nowhere.tif'],
        'aoi file nowhere.gpkg does not exist': ['--post', image, '--aoi', 'nowhere.gpkg'],
        'config file nowhere.py does not exist': ['nowhere.py', image, '--post', image],
        'full is not empty': ['--post', image, '--out', full],
        'held is in use by another run': ['--post', image, '--out', held],
        'a.gpkg does not exist': ['fetch', '--aoi', 'a.gpkg', '--date', '2018-09-05'],
        'the prediction a.gpkg does not exist': ['evaluate', 'a.gpkg', 'b.gpkg'],
        'nowhere is no folder': ['finish', 'nowhere'],
        'full holds no summary.json': ['report', full, '--post', image],
        'no folder of a finished run': ['audit', 'draw', full],
        'reviewed area file a.gpkg': ['teach', '--reviewed-area', 'a.gpkg', '--out', 'taught'],
        'nowhere is no folder; give one of rasters': ['benchmark', 'nowhere'],
        'config file nowhere.py does': ['export', 'nowhere.py', image],
        'checkpoint file nowhere.pth does': ['export', image, 'nowhere.pth'],
        'full exists; remove it': ['export', image, image, '--out', full],
        'full is no whole exported network: model.xml, model.bin': [full, '--post', image],
    }
    with FileLock(held / '.unfinished' / 'lock'):
        answers = loaded_by(fresh_python, *command_lines.values())
    for sentence, (said, code, loaded) in zip(command_lines, answers, strict=True):
        assert sentence in said
        assert code == 2
        assert loaded == []
