import json
import re

import geopandas as gpd
import pytest

from dfpenet_mm.cli.landslide_map import main as program
from dfpenet_mm.run.provenance import describe_input
from tests.report.page.generated_run import write_run


def main(arguments):
    program(['report', *arguments])


@pytest.fixture
def run(tmp_path):
    """A finished run that knows its images."""
    out = write_run(tmp_path)
    told = json.loads((out / 'summary.json').read_text())
    told['provenance']['inputs'] = {
        role: describe_input(tmp_path / f'{role}.tif') for role in ('post', 'pre')
    }
    (out / 'summary.json').write_text(json.dumps(told))
    return out


def arguments(run, post='post.tif', **options):
    given = [str(run), '--post', str(run.parent / post)]
    for name, value in options.items():
        given += [f'--{name}', str(value)]
    return given


def failure(capsys, given):
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith('error: ')
    assert message.count('\n') == 1
    return message


def test_report_of_an_edited_inventory_says_so(run, capsys):
    inventory = run / 'landslides.gpkg'
    table = gpd.read_file(inventory, layer='landslides')
    table.iloc[2:].to_file(inventory, layer='landslides')
    main(arguments(run, pre=run.parent / 'pre.tif'))
    assert capsys.readouterr().out == f'{run / "report.html"}\n'
    page = (run / 'report.html').read_text()
    assert 'was edited after the run: 2 landslides removed; 14 landslides now, 16 when' in page
    assert re.search(r'<strong>14</strong>\s*<span>landslides', page)


def test_page_can_go_elsewhere(run, capsys, tmp_path):
    main(arguments(run, target=tmp_path / 'mine.html'))
    assert capsys.readouterr().out == f'{tmp_path / "mine.html"}\n'
    assert not (run / 'report.html').exists()


def test_another_image_is_refused(run, capsys):
    message = failure(capsys, arguments(run, post='pre.tif'))
    assert 'pre.tif is not the image that was mapped (post.tif' in message
    assert message.rstrip().endswith('give that one')
    assert not (run / 'report.html').exists()


def test_what_is_missing_is_told(run, capsys, tmp_path):
    assert 'none is no folder; give that of' in failure(capsys, arguments(tmp_path / 'none'))
    target = tmp_path / 'nowhere' / 'page.html'
    assert 'cannot be written' in failure(capsys, arguments(run, target=target))
    assert 'gone.tif' in failure(capsys, arguments(run, post='gone.tif'))
