"""Chips of taught ground: what judges is unknown in them, and no draw depends on a state."""

import numpy as np
import pytest
import shapely

from dfpenet_mm.mapping.scene.scaling import LinearScale
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.teaching import chips
from dfpenet_mm.teaching.blocks import split_ground
from dfpenet_mm.teaching.ground import read_ground


@pytest.fixture(scope='module')
def taught(lesson_folder, review):
    with Scene(lesson_folder / 'post.tif', bands=(1, 2, 3)) as scene:
        ground = read_ground(review, None, scene.grid)
        blocks = split_ground(scene, ground, chip=16, seed=0, name='')
        scaling = LinearScale(clip=(0, 255)).fit(scene)
        lesson = chips.cut_lesson(scene, scaling, ground, blocks, side=16, seed=0)
        candidates = chips._candidates(scene, ground, blocks, 16)
        places = [(scene.grid.window(window), labels) for window, labels in candidates]
        return lesson, blocks, places


def test_what_judges_is_unknown_in_every_chip(taught):
    _, blocks, places = taught
    judges = shapely.buffer(blocks.outlines(judging=True), -0.1)
    inside = [labels[place.inside(judges, all_touched=True)] for place, labels in places]
    assert sum(map(len, inside)) > 0
    assert set(np.concatenate(inside)) == {255}


def test_chips_hold_nearly_all_ground_that_teaches_and_nothing_else(taught):
    lesson, blocks, _ = taught
    teaches = blocks.labelled[~blocks.judging].sum()
    assert 0.9 * teaches < lesson.ground <= teaches
    assert lesson.worth == lesson.ground / 256
    assert chips.describe(lesson)['chips_with_landslides'] > 0


def test_red_pixels_are_the_landslides(taught):
    lesson, _, _ = taught
    red = lesson.images[:, 0] > 140
    np.testing.assert_array_equal(red[lesson.labels != 255], lesson.labels[lesson.labels != 255])


def test_a_batch_depends_on_seed_and_step_alone(taught):
    lesson, _, _ = taught
    first = lesson.batch(3, 7, 4)
    lesson.batch(3, 8, 4)
    again = lesson.batch(3, 7, 4)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert first[0].shape == (4, 3, 16, 16)
    assert first[1].shape == (4, 16, 16)
    assert not np.array_equal(first[0], lesson.batch(3, 8, 4)[0])


def test_of_too_many_chips_half_have_landslides(monkeypatch):
    monkeypatch.setattr(chips, 'MOST_CHIPS', 10)
    blank, hit = np.zeros((2, 2), np.uint8), np.ones((2, 2), np.uint8)
    kept = chips._kept([(number, hit if number < 20 else blank) for number in range(60)], seed=0)
    assert len(kept) == 10
    assert sum(number < 20 for number, _ in kept) == 5
