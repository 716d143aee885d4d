"""``landslide-map audit``, by its command line."""

import json

import geopandas as gpd
import pytest

from dfpenet_mm.cli.landslide_map import main
from tests.report.page.generated_run import write_run


@pytest.fixture
def folder(tmp_path):
    """A finished run with its images, all of which is mapped as background."""
    out = write_run(tmp_path)
    told = json.loads((out / 'summary.json').read_text())
    del told['provenance']['inputs']
    (out / 'summary.json').write_text(json.dumps({**told, 'files': ['mask.tif']}))
    return out


def judge(out, verdict):
    points = gpd.read_file(out / 'audit.gpkg', layer='audit')
    points.assign(verdict=verdict, reviewer='<b>A</b>').to_file(out / 'audit.gpkg', layer='audit')


def test_a_sample_is_drawn_and_its_verdicts_end_in_the_report(folder, capsys):
    main(['audit', 'draw', str(folder), '--points', '40', '--json'])
    told = json.loads(capsys.readouterr().out)
    assert [(row['stratum'], row['points']) for row in told['strata']] == [('elsewhere', 40)]
    judge(folder, ['landslide'] * 8 + ['not landslide'] * 30 + [None, 'cannot tell'])
    images = ['--post', str(folder.parent / 'post.tif'), '--pre', str(folder.parent / 'pre.tif')]
    main(['audit', 'estimate', str(folder), *images])
    said = capsys.readouterr()
    assert said.out.startswith('landslides cover 0.404 km2 (95 %: 0.')
    assert '1 point that nobody could tell left out' in said.err
    assert '1 point of 40 without a verdict' in said.err
    page = (folder / 'report.html').read_text()
    assert '<h2 id="audit-title">Audit</h2>' in page
    assert '&lt;b&gt;A&lt;/b&gt;' in page
    assert 'The map was edited after these numbers' not in page


def test_an_audit_of_a_map_that_was_edited_since_is_marked_in_the_report(folder):
    main(['audit', 'draw', str(folder), '--points', '40', '--quiet'])
    judge(folder, 'not landslide')
    main(['audit', 'estimate', str(folder), '--quiet'])
    told = json.loads((folder / 'summary.json').read_text())
    told['audit']['mask_sha256'] = 'another'
    (folder / 'summary.json').write_text(json.dumps(told))
    main(['report', str(folder), '--post', str(folder.parent / 'post.tif')])
    assert 'The map was edited after these numbers' in (folder / 'report.html').read_text()


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['draw', 'FOLDER', '--points', '5'], '5 points tell too little; give at least 30'),
        (['draw', 'FOLDER', '--points', '99999'], 'are more than the 19,200 pixels with data'),
        (['estimate', 'FOLDER'], 'audit.gpkg is missing; draw the sample anew'),
        (['draw', 'nowhere'], 'nowhere is no folder; give that of a finished run'),
        (['guess', 'FOLDER'], "invalid choice: 'guess'"),
    ],
)
def test_what_cannot_work_ends_with_code_2_and_a_sentence(folder, capsys, arguments, sentence):
    with pytest.raises(SystemExit) as exit_info:
        main(['audit', *(str(folder) if word == 'FOLDER' else word for word in arguments)])
    assert exit_info.value.code == 2
    assert sentence in capsys.readouterr().err
