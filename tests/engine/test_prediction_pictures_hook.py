import io
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmengine.visualization import TensorboardVisBackend, Visualizer
from mmseg.structures import SegDataSample
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from dfpenet_mm.engine.prediction_pictures_hook import (
    PredictionFilesHook,
    PredictionPicturesHook,
    draw_prediction,
    rgb_picture,
    spread,
)

PALETTE = [[0, 0, 0], [255, 0, 0]]


def make_sample(name):
    sample = SegDataSample(metainfo={'img_path': f'folder/{name}.tif'})
    sample.gt_sem_seg = PixelData(data=torch.tensor([[[0, 1], [255, 1]]]))
    sample.pred_sem_seg = PixelData(data=torch.tensor([[[1, 1], [0, 0]]]))
    return sample


def run_validation(hook, folder, chip, batches=5, swaps=False):
    backend = TensorboardVisBackend(save_dir=str(folder))
    visualizer = Visualizer(vis_backends=[], name='test')
    visualizer._vis_backends = {'tensorboard': backend}
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo={'palette': PALETTE}))
    model = nn.Module()
    model.data_preprocessor = SimpleNamespace(_channel_conversion=swaps)
    runner = SimpleNamespace(
        iter=40,
        model=model,
        visualizer=visualizer,
        val_dataloader=type('Loader', (), {'__len__': lambda _: batches, **vars(loader)})(),
    )
    for batch in range(batches):
        hook.after_val_iter(runner, batch, {'inputs': [chip]}, [make_sample(f'chip{batch}')])
    backend.close()
    events = EventAccumulator(str(folder), size_guidance={'images': 0})
    events.Reload()
    return {
        tag: (event.step, np.array(Image.open(io.BytesIO(event.encoded_image_string))))
        for tag in events.Tags()['images']
        for event in events.Images(tag)
    }


def test_pictures_reach_tensorboard_in_their_colours(tmp_path):
    chip = torch.tensor([200, 100, 50], dtype=torch.uint8).view(3, 1, 1).expand(3, 2, 2)
    pictures = run_validation(PredictionPicturesHook(count=2), tmp_path, chip)
    assert sorted(pictures) == ['val_0_chip0', 'val_1_chip2']
    step, picture = pictures['val_0_chip0']
    assert (step, picture.shape) == (40, (2, 10, 3))
    plain, background, landslide = [200, 100, 50], [100, 50, 25], [227, 50, 25]
    assert picture[:, :2].tolist() == [[plain, plain], [plain, plain]]
    assert picture[:, 4:6].tolist() == [[background, landslide], [plain, landslide]]
    assert picture[:, 8:].tolist() == [[landslide, landslide], [background, background]]


def test_chips_that_the_network_swaps_are_swapped(tmp_path):
    chip = torch.tensor([200, 100, 50], dtype=torch.uint8).view(3, 1, 1).expand(3, 2, 2)
    pictures = run_validation(PredictionPicturesHook(count=1), tmp_path, chip, swaps=True)
    assert pictures['val_0_chip0'][1][0, 0].tolist() == [50, 100, 200]


def test_no_pictures_where_none_are_wanted(tmp_path):
    chip = torch.zeros(3, 2, 2, dtype=torch.uint8)
    backend_files = run_validation_quietly(tmp_path, chip)
    assert backend_files == {}


def run_validation_quietly(folder, chip):
    hook = PredictionPicturesHook(count=0)
    runner = SimpleNamespace(val_dataloader=range(3), visualizer=None)
    hook.after_val_iter(runner, 0, {'inputs': [chip]}, [make_sample('a')])
    return {path.name: path for path in folder.iterdir()}


@pytest.mark.parametrize(
    ('count', 'length', 'wanted'),
    [(4, 8, [0, 2, 4, 6]), (4, 2, [0, 1]), (0, 5, []), (3, 0, []), (1, 9, [0])],
)
def test_pictures_are_spread_over_the_data_set(count, length, wanted):
    assert spread(count, length) == wanted


def test_many_bands_of_any_type_become_a_picture():
    chip = np.stack([np.full((4, 4), level) for level in (100, 200, 300, 4000)]).astype(np.uint16)
    chip[:, 0, 0], chip[:, 0, 1] = 0, 4000
    picture = rgb_picture(chip, (2, 1, 0))
    assert (picture.dtype, picture.shape) == (np.uint8, (4, 4, 3))
    assert picture[3, 3, 0] > picture[3, 3, 1] > picture[3, 3, 2]
    assert (picture[0, 0] == 0).all()
    grey = rgb_picture(chip[:1], (0, 1, 2))
    assert (grey[..., 0] == grey[..., 2]).all()
    assert rgb_picture(np.full((3, 2, 2), np.nan, np.float32), (0, 1, 2)).max() == 0


def test_a_resized_chip_is_brought_to_the_prediction():
    picture = np.full((4, 4, 3), 80, np.uint8)
    classes = np.zeros((2, 2), int)
    drawn = draw_prediction(
        picture, truth=classes, prediction=classes, palette=np.array(PALETTE, np.uint8)
    )
    assert drawn.shape == (2, 10, 3)
    assert drawn[0, 0].tolist() == [80, 80, 80]


def make_loader(indices=(0, 1, 2)):
    infos = [dict(img_path=f'folder/{name}.tif') for name in ('a', 'a', 'tile')]
    infos[2]['window'] = (0, 600, 2, 2)
    dataset = MagicMock(metainfo={'palette': PALETTE}, get_data_info=infos.__getitem__)
    dataset.__len__.return_value = len(infos)
    return SimpleNamespace(dataset=dataset, sampler=indices)


def test_processes_of_a_run_name_their_samples_apart(tmp_path):
    """The second process sees the second of two samples of one name."""
    written = {}
    for process, indices in enumerate([(0, 2), (1, 0)]):
        hook = PredictionFilesHook(out=str(tmp_path / str(process)))
        hook.before_test(SimpleNamespace(test_dataloader=make_loader(indices)))
        for _ in indices:
            hook.after_test_iter(None, 0, {'inputs': [None]}, [make_sample('a')])
        written[process] = sorted(path.name for path in (tmp_path / str(process)).iterdir())
    assert written == {0: ['a.png', 'tile_0_600.png'], 1: ['a.png', 'a_2.png']}


def test_every_sample_of_a_test_is_written(tmp_path):
    chip = torch.tensor([200, 100, 50], dtype=torch.uint8).view(3, 1, 1).expand(3, 2, 2)
    samples = [make_sample('a'), make_sample('a'), make_sample('tile')]
    del samples[1].gt_sem_seg
    model = nn.Module()
    model.data_preprocessor = SimpleNamespace(_channel_conversion=False)
    runner = SimpleNamespace(model=model, test_dataloader=make_loader())
    hook = PredictionFilesHook(out=str(tmp_path / 'out'), pictures=str(tmp_path / 'shown'))

    hook.before_test(runner)
    hook.after_test_iter(runner, 0, {'inputs': [chip] * 2}, samples[:2])
    # Test-time augmentation gives every version of a batch, the first unchanged.
    hook.after_test_iter(runner, 1, {'inputs': [[chip], [chip.flip(-1)]]}, samples[2:])

    for folder in ('out', 'shown'):
        names = sorted(path.name for path in (tmp_path / folder).iterdir())
        assert names == ['a.png', 'a_2.png', 'tile_0_600.png']
    assert np.array(Image.open(tmp_path / 'out' / 'a.png')).tolist() == [[1, 1], [0, 0]]
    shown = np.array(Image.open(tmp_path / 'shown' / 'a.png'))
    assert shown[0, 0].tolist() == [200, 100, 50]
    assert shown[0, 5].tolist() == [227, 50, 25]
    assert shown[1, 4].tolist() == [200, 100, 50]  # not labelled


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    PredictionFilesHook().before_test(None)
    assert list(tmp_path.iterdir()) == []
