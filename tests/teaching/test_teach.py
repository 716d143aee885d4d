"""A lesson from end to end on a small scene."""

import json
import subprocess
import sys
from signal import SIGKILL
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from dfpenet_mm.errors import ConfigError, OutputError
from dfpenet_mm.mapping.network.card import card_beside
from dfpenet_mm.run.network_choice import NetworkChoice
from dfpenet_mm.run.request import RunRequest
from dfpenet_mm.run.run import map_landslides
from dfpenet_mm.teaching import examination, training
from dfpenet_mm.teaching.replay import replay_file
from dfpenet_mm.teaching.request import TeachRequest
from dfpenet_mm.teaching.teach import _origin, teach
from tests.teaching.killed_lesson import QUICK, request


def mask(folder):
    with rasterio.open(folder / 'mask.tif') as source:
        return source.read(1)


@pytest.fixture(scope='module', autouse=True)
def quick_learner():
    """Let the tiny network, which begins with no knowledge, learn in a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUICK.items():
            patch.setattr(training, name, value)
        yield


@pytest.fixture(scope='module')
def lesson(lesson_folder, review, tmp_path_factory):
    out = tmp_path_factory.mktemp('taught') / 'out'
    return teach(request(lesson_folder, review, out))


def test_ground_that_nobody_reviewed_is_mapped_as_it_is(lesson, lesson_folder):
    assert lesson.taught, lesson.sentence
    with rasterio.open(lesson_folder / 'post.tif') as source:
        truth = source.read(1) > 140
    found, unseen = mask(lesson.folder) == 1, np.arange(160)[None] >= 80
    both, either = (found & truth & unseen).sum(), ((found | truth) & unseen).sum()
    assert both / either > 0.8


def test_the_findings_tell_what_taught_and_what_judged(lesson):
    findings = json.loads((lesson.folder / 'teaching.json').read_text())
    assert findings == dict(lesson.findings)
    assert findings['choice'] in {'all layers', 'backbone frozen'}
    assert findings['ground']['teaches']['blocks'] > findings['ground']['judges']['blocks'] > 0
    assert findings['judged'][findings['choice']]['gain_95'][0] > 0
    assert findings['chips']['of_known_ground'] == 0
    assert not (lesson.folder / '.teaching').exists()


def test_chips_of_known_ground_are_part_of_what_a_lesson_is_made_of(tmp_path):
    for name in ('post.tif', 'mine.gpkg', 'own.py', 'own.pth'):
        (tmp_path / name).write_text(name)
    asked = TeachRequest(out=tmp_path, post=tmp_path / 'post.tif', inventory=tmp_path / 'mine.gpkg')
    network = NetworkChoice(config=tmp_path / 'own.py', checkpoint=tmp_path / 'own.pth', card=None)
    room = SimpleNamespace(network=network, settings=SimpleNamespace(bands=(1, 2, 3), nodata=()))
    assert 'replay' not in _origin(asked, room)['inputs']
    replay_file(network.checkpoint).write_text('chips')
    assert _origin(asked, room)['inputs']['replay']['name'] == 'own_replay.npz'


def test_the_taught_network_maps_the_next_scene(lesson, lesson_folder, tmp_path):
    card = card_beside(lesson.network / 'taught.pth')
    assert card.pixel_sizes == (5, 20)
    assert card.calibration
    assert card.threshold
    assert card.trained_on[-1] == 'reviewed ground of post.tif in pixels of 10 m'
    map_landslides(
        RunRequest(
            post=lesson_folder / 'post.tif',
            config=lesson.network / 'taught.py',
            checkpoint=lesson.network / 'taught.pth',
            out=tmp_path / 'next',
            pictures=False,
        )
    )
    np.testing.assert_array_equal(mask(tmp_path / 'next'), mask(lesson.folder))


@pytest.mark.slow
def test_a_lesson_killed_while_it_writes_goes_on_to_the_same(
    lesson, lesson_folder, review, tmp_path, monkeypatch
):
    def killed(*_, **__):
        raise KeyboardInterrupt

    asked = request(lesson_folder, review, tmp_path / 'out')
    with monkeypatch.context() as patch:
        patch.setattr(examination, 'write_network', killed)
        with pytest.raises(KeyboardInterrupt):
            teach(asked)
    assert not (asked.out / 'teaching.json').exists()
    other = request(lesson_folder, review, asked.out, seed=1)
    with pytest.raises(OutputError, match='unfinished lesson of another review'):
        teach(other)
    again = teach(asked)
    assert again.findings['judged'] == lesson.findings['judged']
    np.testing.assert_array_equal(mask(asked.out), mask(lesson.folder))


@pytest.mark.slow
def test_a_lesson_killed_while_it_maps_goes_on_to_the_same(
    lesson, lesson_folder, review, tmp_path, monkeypatch
):
    asked = request(lesson_folder, review, tmp_path / 'out')
    arguments = [lesson_folder, review, asked.out]
    # The second one finds what the first has taught, and this process what the second has mapped.
    for place in ('dfpenet_mm.run.run.recognise', 'dfpenet_mm.teaching.teach.finish_with_review'):
        program = [sys.executable, '-m', 'tests.teaching.killed_lesson', place, *arguments]
        assert subprocess.run(program, check=False).returncode == -SIGKILL
    monkeypatch.setattr(training.FineTuning, 'run', None)
    monkeypatch.setattr('dfpenet_mm.teaching.teach.map_landslides', None)
    again = teach(asked)
    assert again.findings['judged'] == lesson.findings['judged']
    assert findings_in(asked.out) == findings_in(lesson.folder)
    np.testing.assert_array_equal(mask(asked.out), mask(lesson.folder))
    assert not (asked.out / '.teaching').exists()


def findings_in(folder):
    table = gpd.read_file(folder / 'landslides.gpkg', layer='landslides')
    return table[['id', 'review', 'area_m2']].to_dict('list')


def test_what_was_reviewed_stands_on_the_new_map(lesson, review):
    drawn = gpd.read_file(review, layer='landslides')
    now = gpd.read_file(lesson.folder / 'landslides.gpkg', layer='landslides')
    same = now[now['review'] == 'confirmed']
    assert len(same) == len(drawn) == 32
    assert sorted(shape.centroid.wkt for shape in same.geometry) == sorted(
        shape.centroid.wkt for shape in drawn.geometry
    )
    others = now[now['review'] == 'unreviewed']
    assert (others.centroid.x > 500_800).all()
    area = gpd.read_file(lesson.folder / 'landslides.gpkg', layer='reviewed_area')
    assert area['reviewer'].tolist() == ['x']
    told = lesson.run.summary['results']['Review']
    assert told['share_of_ground'] == 0.5


@pytest.mark.slow
def test_a_network_that_is_no_better_is_not_used(lesson, lesson_folder, review, tmp_path):
    knows = request(
        lesson_folder,
        review,
        tmp_path / 'out',
        config=lesson.network / 'taught.py',
        checkpoint=lesson.network / 'taught.pth',
        steps=1,
    )
    again = teach(knows)
    assert not again.taught
    assert again.findings['judged']['before']['iou'] > 0.8
    np.testing.assert_array_equal(mask(tmp_path / 'out'), mask(lesson.folder))


def test_a_finished_lesson_is_kept(lesson, lesson_folder, review):
    with pytest.raises(OutputError, match='is not empty'):
        teach(request(lesson_folder, review, lesson.folder))


def test_nothing_to_learn_from_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='nothing to learn from'):
        TeachRequest(out=tmp_path, post=tmp_path / 'post.tif')
