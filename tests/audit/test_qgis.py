"""The points of an audit as QGIS shows them, and in the project of their run."""

import json
from pathlib import Path

import pytest
from matplotlib.image import imread

from dfpenet_mm.run.audit import draw_audit
from tests.run.reviewed_run import write_run
from tests.system_qgis import require_qgis, run_system_python

SCRIPT = Path(__file__).with_name('open_audit.py')


@pytest.fixture
def mapped(tmp_path, monkeypatch):
    monkeypatch.setenv('OGR_SQLITE_SYNCHRONOUS', 'OFF')
    return write_run(tmp_path)


def test_qgis_opens_the_points_with_their_form_also_from_the_project(mapped, tmp_path):
    require_qgis(tmp_path)
    sample = draw_audit(mapped, 60)
    assert sample.notes == ()
    picture = tmp_path / 'points.png'
    done = run_system_python([SCRIPT, sample.path, mapped / 'landslides.qgs', picture], tmp_path)
    facts = json.loads(done.stdout)
    assert facts['read']
    assert facts['messages'] == []
    assert facts['groups']['Audit'] == ['audit']
    (listed,) = facts['project']
    assert listed == facts['file']
    shown = ['visit_order', 'verdict', 'comment', 'reviewer', 'reviewed_at']
    assert listed['valid']
    assert listed['points'] == 60
    assert listed['form'] == listed['columns'] == shown
    assert listed['choices'] == ['landslide', 'not landslide', 'cannot tell']
    assert {'stratum', 'round', 'row', 'col'} <= set(listed['hidden'])
    assert 'visit_order' in listed['read_only']
    assert not set(listed['read_only']) & {'verdict', 'comment', 'reviewer'}
    assert listed['alias'] == 'What is at the centre of the ring?'
    assert listed['on_update']
    assert listed['sorted_by'] == '"visit_order"'
    # White rings, and labels with a white border, on ground that stays in sight.
    drawn = imread(picture)[..., :3]
    assert 0.02 < (drawn > 0.95).all(axis=-1).mean() < 0.3


def test_a_project_that_was_saved_in_qgis_stays_as_it_is(mapped):
    project = mapped / 'landslides.qgs'
    mine = project.read_text().replace('<qgis ', '<qgis saveDateTime="2026-01-01T00:00:00" ', 1)
    project.write_text(mine)
    (note,) = draw_audit(mapped, 60).notes
    assert 'was saved in QGIS and stays as it is' in note
    assert project.read_text() == mine


def test_a_project_whose_image_is_gone_stays_as_it_is(mapped):
    project = mapped / 'landslides.qgs'
    before = project.read_text()
    (mapped.parent / 'post.tif').unlink()
    (note,) = draw_audit(mapped, 60).notes
    assert 'drag audit.gpkg into landslides.qgs' in note
    assert project.read_text() == before
