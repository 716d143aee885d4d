"""Blocks of ground: which teach, which judge, and when there is too little."""

import numpy as np
import pytest
import shapely

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.mapping.scene.scene import Scene
from dfpenet_mm.teaching.blocks import split_ground
from dfpenet_mm.teaching.ground import read_ground
from tests.teaching.conftest import square, truth_squares, write_review


def split(folder, path, *, chip=16, seed=0):
    with Scene(folder / 'post.tif', bands=(1, 2, 3)) as scene:
        ground = read_ground(path, None, scene.grid)
        return split_ground(scene, ground, chip=chip, seed=seed, name=path.name)


def test_both_sides_get_landslides_and_every_pixel_a_side(lesson_folder, review):
    blocks = split(lesson_folder, review)
    assert blocks.labelled.sum() == 80 * 160
    for judging in (False, True):
        assert blocks.landslide[blocks.judging == judging].sum() > 0
    assert 0.2 < blocks.labelled[blocks.judging].sum() / blocks.labelled.sum() < 0.45
    sides = [shapely.union_all(blocks.outlines(judging=judging)) for judging in (False, True)]
    assert sides[0].intersection(sides[1]).area == 0


def test_a_split_depends_on_the_seed_alone(lesson_folder, review):
    first, again, other = (split(lesson_folder, review, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.judging, again.judging)
    assert first.labelled.sum() == other.labelled.sum()


def test_too_little_ground_says_how_much_more_is_wanted_and_where(lesson_folder, tmp_path):
    shapes = [square(0, 2, 6), square(100, 100, 9)]
    path = write_review(tmp_path / 'a.gpkg', shapes, [None, None], [square(0, 0, 20)])
    with pytest.raises(EmptySceneError) as refusal:
        split(lesson_folder, path)
    assert str(refusal.value) == (
        'a.gpkg holds too little reviewed ground on the image: 1.6 of at least 4 squares of 160 '
        'm; review more around 501040 4698960 (EPSG:32654)'
    )


def test_a_sliver_is_too_little(lesson_folder, tmp_path):
    sliver = shapely.box(500_000, 4_699_000, 501_600, 4_699_001)
    path = write_review(tmp_path / 'a.gpkg', [square(0, 0, 6)], [None], [sliver])
    with pytest.raises(EmptySceneError, match=r'0\.0 of at least 4'):
        split(lesson_folder, path)


def test_ground_without_a_landslide_is_refused(lesson_folder, tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(100, 100, 6)], [None], [square(0, 0, 60)])
    with pytest.raises(EmptySceneError, match='holds no landslide in the reviewed ground'):
        split(lesson_folder, path)


def test_landslides_in_one_place_cannot_teach_and_judge(lesson_folder, tmp_path):
    path = write_review(tmp_path / 'a.gpkg', [square(2, 2, 2)], ['added'], [square(0, 0, 100)])
    with pytest.raises(EmptySceneError, match='one place only'):
        split(lesson_folder, path)


def test_scattered_landslides_without_any_area_are_split_too(lesson_folder, tmp_path):
    shapes = truth_squares()
    path = write_review(tmp_path / 'a.gpkg', shapes, ['confirmed'] * len(shapes))
    blocks = split(lesson_folder, path)
    assert blocks.landslide.sum() == 36 * len(shapes)
