import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image

from dfpenet_mm.errors import ConfigError
from dfpenet_mm.export.validation import labelled_samples, validate

LABEL = np.array([[0, 1, 1], [1, 255, 0]])


def chip(*landslides):
    values = np.zeros((1, 2, 3), np.float32)
    for row, col in landslides:
        values[0, row, col] = 0.8
    return values


def as_is(chips):
    return chips[:, 0]


def test_scores_count_pixels_of_all_samples():
    # The first sample: 2 found rightly, 1 missed, 1 false; the pixel of 255 is not scored.
    samples = [
        (chip((0, 1), (0, 2), (1, 1), (1, 2)), LABEL),
        (chip((0, 0)), np.zeros((2, 3), int)),
    ]
    scores = validate(
        {'one': as_is, 'other': lambda chips: 1 - as_is(chips)},
        iter(samples),
        landslide_class=1,
        threshold=0.5,
    )
    assert scores['one'].iou == pytest.approx(100 * 2 / 5)
    assert scores['one'].agreement == 1.0
    assert scores['other'].agreement == 0.0


def test_every_pixel_counts_alike_in_the_agreement():
    small = (np.zeros((1, 1, 2), np.float32), np.zeros((1, 2), int))
    large = (np.ones((1, 3, 2), np.float32), np.zeros((3, 2), int))
    scores = validate(
        {'a': as_is, 'b': lambda chips: 0 * as_is(chips)},
        iter([small, large]),
        landslide_class=1,
        threshold=0.5,
    )
    assert scores['b'].agreement == pytest.approx(2 / 8)


def test_other_classes_count_as_one():
    scores = validate(
        {'a': as_is}, iter([(chip((0, 1)), LABEL * 2)]), landslide_class=2, threshold=0.5
    )
    # 255 * 2 is no label; it counts as another class.
    assert scores['a'].iou == pytest.approx(100 / 3)


def test_several_kinds_of_landslide_count_as_one():
    label = np.array([[0, 1, 2], [1, 255, 0]])
    samples = iter([(chip((0, 1), (0, 2), (1, 2)), label)])
    scores = validate({'a': as_is}, samples, landslide_class=[1, 2], threshold=0.5)
    # Found 2, missed 1, false 1.
    assert scores['a'].iou == pytest.approx(50)


def test_unlabelled_samples_have_no_iou():
    nothing = np.full((2, 3), 255)
    scores = validate({'a': as_is}, iter([(chip(), nothing)]), landslide_class=1, threshold=0.5)
    assert np.isnan(scores['a'].iou)
    with pytest.raises(ConfigError, match='validation set is empty'):
        validate({'a': as_is}, iter([]), landslide_class=1, threshold=0.5)


@pytest.fixture
def config(tmp_path):
    for name in ('images', 'masks'):
        (tmp_path / name).mkdir()
    for index in range(5):
        pixels = np.full((4, 6, 3), (index, 100, 200), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'images/{index}.png')
        Image.fromarray(pixels[..., 0] % 2 * 255).save(tmp_path / f'masks/{index}.png')
    pipeline = [
        {'type': 'LoadRasterImage'},
        {'type': 'LoadRasterMask', 'value_map': {0: 0, 255: 1}},
        {'type': 'PackSegInputs'},
    ]
    dataset = {'type': 'LandslideDataset', 'data_root': 'elsewhere', 'pipeline': pipeline}
    return Config(
        {
            'custom_imports': {'imports': ['dfpenet_mm.datasets']},
            'test_dataloader': {'dataset': dataset},
        }
    )


def test_a_folder_replaces_the_data_sets_own(config, tmp_path):
    samples = list(labelled_samples(config, folder=tmp_path))
    assert len(samples) == 5
    chip_, label = samples[3]
    assert (chip_.shape, chip_.dtype) == ((3, 4, 6), np.float32)
    assert chip_[:, 0, 0].tolist() == [3, 100, 200]
    assert (label == 1).all()
    few = [found[0, 0, 0] for found, _ in labelled_samples(config, folder=tmp_path, most=3)]
    assert few == [0, 2, 4]


def test_a_config_without_data_is_refused():
    with pytest.raises(ConfigError, match='has no test_dataloader'):
        list(labelled_samples(Config({})))
