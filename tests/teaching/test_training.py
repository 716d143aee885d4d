"""Fine-tuning that can be stopped anywhere, and what of a network it leaves alone."""

import numpy as np
import pytest
import torch

from dfpenet_mm.configs import load_config
from dfpenet_mm.errors import CheckpointError, TrainingError
from dfpenet_mm.teaching import training
from dfpenet_mm.teaching.chips import Lesson
from dfpenet_mm.teaching.training import (
    ALL_LAYERS,
    FROZEN_BACKBONE,
    Course,
    fine_tune,
    landslide_weight,
)


@pytest.fixture
def lesson():
    """Chips whose left half is red, and landslide but for a column that nobody knows."""
    images = np.random.default_rng(0).uniform(20, 60, (6, 3, 16, 16)).astype(np.float32)
    labels = np.zeros((6, 16, 16), np.uint8)
    images[:, 0, :, :8] += 150
    labels[:, :, :8], labels[:, :, 15] = 1, 255
    return Lesson(images, labels, pixel_size=10, coloured=True, ground=6 * 240)


def course(folder, strategy=ALL_LAYERS, steps=12):
    return Course(
        config=load_config(folder / 'config.py'),
        checkpoint=folder / 'weights.pth',
        landslide_class=1,
        strategy=strategy,
        steps=steps,
        seed=0,
    )


def taught(lesson, course, folder, progress=lambda *_: None):
    folder.mkdir(exist_ok=True)
    target = folder / 'taught.pth'
    fine_tune(lesson, course, state=folder / 'state', target=target, progress=progress)
    return torch.load(target, weights_only=True)['state_dict']


def start(folder):
    return torch.load(folder / 'weights.pth', weights_only=True)['state_dict']


def test_a_lesson_stopped_anywhere_ends_as_one_that_was_not(
    lesson, lesson_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(training, 'KEPT_EVERY', 4)
    whole = taught(lesson, course(lesson_folder), tmp_path / 'whole')

    def stop(done, _):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taught(lesson, course(lesson_folder), tmp_path / 'part', stop)
    seen = []
    resumed = taught(
        lesson, course(lesson_folder), tmp_path / 'part', lambda done, _: seen.append(done)
    )
    assert seen == [4, *range(5, 13)]
    for name, value in whole.items():
        assert torch.equal(value, resumed[name])
    assert not (tmp_path / 'part' / 'state').exists()


def test_a_finished_lesson_is_not_taught_again(lesson, lesson_folder, tmp_path):
    taught(lesson, course(lesson_folder, steps=1), tmp_path)
    before = (tmp_path / 'taught.pth').stat()
    taught(lesson, course(lesson_folder, steps=1), tmp_path)
    assert (tmp_path / 'taught.pth').stat().st_mtime_ns == before.st_mtime_ns


def test_statistics_stay_and_a_frozen_backbone_too(lesson, lesson_folder, tmp_path):
    own = start(lesson_folder)
    for strategy in (ALL_LAYERS, FROZEN_BACKBONE):
        found = taught(lesson, course(lesson_folder, strategy, 3), tmp_path / strategy)
        assert list(found) == list(own)
        for name in own:
            still = 'running' in name or (strategy == FROZEN_BACKBONE and 'backbone' in name)
            assert torch.equal(found[name], own[name]) == (still or 'tracked' in name), name


def test_pixels_that_nobody_knows_teach_nothing(lesson, lesson_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(training, 'BATCH_PIXELS', 256)
    blank = Lesson(lesson.images, np.full_like(lesson.labels, 255), 10, True, 0)
    found = taught(blank, course(lesson_folder, steps=2), tmp_path)
    for name, value in start(lesson_folder).items():
        torch.testing.assert_close(found[name], value)


def test_a_state_of_another_network_is_refused(lesson, lesson_folder, tmp_path):
    torch.save({'step': 1, 'taught': [], 'mean': [], 'optimizer': {}}, tmp_path / 'state')
    with pytest.raises(CheckpointError, match='--overwrite'):
        taught(lesson, course(lesson_folder), tmp_path)


def test_a_loss_that_is_no_number_ends_the_lesson(lesson, lesson_folder, tmp_path):
    broken = Lesson(np.full_like(lesson.images, np.nan), lesson.labels, 10, False, 0)
    with pytest.raises(TrainingError, match='after 0 steps'):
        taught(broken, course(lesson_folder), tmp_path)


def test_landslides_are_weighed_under_twenty_chips_only(lesson):
    labels = np.zeros((1, 16, 16), np.uint8)
    labels[0, 0] = 1
    few = Lesson(lesson.images[:1], labels, 10, True, ground=256)
    assert landslide_weight(few) == pytest.approx(np.sqrt(15))
    many = Lesson(lesson.images[:1], labels, 10, True, ground=20 * 256)
    assert landslide_weight(many) == 1
