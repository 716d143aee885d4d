"""The verb on images of which the network, that takes the first band for its answer, is judged."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.run import benchmark as module


def write_sample(folder, name, *, truth, red):
    """Write an 8-bit image whose red band is the network's answer, and its mask."""
    other = np.indices(red.shape).sum(axis=0).astype(np.uint8)
    image = np.dstack([red, other, other])
    for part, pixels in (('images', image), ('masks', truth.astype(np.uint8))):
        (folder / part).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / part / f'{name}.png')


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / 'samples'
    truth = np.zeros((80, 100), bool)
    truth[8:40, 16:48] = True
    write_sample(folder, 'right', truth=truth, red=np.where(truth, 255, 0).astype(np.uint8))
    blind = truth.copy()
    blind[8:24] = False
    # One pixel in four, which an average of four makes too weak to be marked.
    blind[64:72:2, 64:72:2] = True
    write_sample(folder, 'wrong', truth=truth, red=np.where(blind, 255, 0).astype(np.uint8))
    return folder


@pytest.fixture
def judge(cheap, samples, tmp_path):
    """Run the verb with the cheap network on the samples."""

    def run(*options, out=tmp_path / 'out', folder=samples):
        network = [cheap / 'config.py', cheap / 'weights.pth']
        main([str(text) for text in ('benchmark', *network, folder, '--out', out, *options)])
        return json.loads((out / 'summary.json').read_text())

    return run


def test_scores_at_two_scales_on_the_original_grid(judge, tmp_path, capsys):
    summary = judge('--pixel-size', 10, '--scales', 1, 2, '--seed', 3)
    fine, coarse = summary['scales']
    # Of 2 x 1,024 landslide pixels 1,536 are hit, and 16 single pixels are false regions.
    assert fine['scores']['IoU']['value'] == pytest.approx(100 * 1536 / 2064)
    assert fine['scores']['precision']['value'] == pytest.approx(100 * 1536 / 1552)
    assert fine['scores']['false_regions_per_km2']['value'] == pytest.approx(16 / 1.6)
    assert fine['scores']['landslides_found']['value'] == 100
    assert fine['scores']['landslides_covered']['value'] == 100
    assert coarse['scores']['IoU']['value'] == pytest.approx(75)
    assert coarse['scores']['false_regions_per_km2']['value'] == 0
    assert fine['calibration']['Brier'] == pytest.approx(100 * 528 / 16000, abs=0.01)
    assert summary['pixel_size_m'] == pytest.approx([10, 10])
    assert {'benchmark.html', 'images.csv', 'scores.csv', 'summary.json'} <= {*summary['files']}
    told = capsys.readouterr().out
    assert '| 1/1 ' in told
    assert f'{100 * 1536 / 2064:.2f} [' in told
    with (tmp_path / 'out' / 'images.csv').open() as file:
        lines = list(csv.DictReader(file))
    assert [(line['image'], line['scale'], line['tp'], line['fp']) for line in lines] == [
        ('right.png', '1', '1024', '0'),
        ('wrong.png', '1', '512', '16'),
        ('right.png', '2', '1024', '0'),
        ('wrong.png', '2', '512', '0'),
    ]


def test_the_page_shows_the_worst_and_the_best(judge, tmp_path):
    judge('--pixel-size', 10)
    out = tmp_path / 'out'
    page = (out / 'benchmark.html').read_text()
    assert page.index('wrong.png: IoU 49.2') < page.index('right.png: IoU 100.0')
    assert 'src="pictures/00_wrong.png"' in page
    drawn = np.array(Image.open(out / 'pictures' / '00_wrong.png'))
    assert drawn.shape == (80, 3 * 100 + 4, 3)
    verdict = drawn[:, 204:].astype(int)
    # Hits are greenish, misses bluish, false alarms reddish.
    assert verdict[30, 20, 1] > verdict[30, 20, 2]
    assert verdict[10, 20].argmax() == 2
    assert verdict[64, 64].argmax() == 0
    judge('--pixel-size', 10, '--pictures', 0, out=tmp_path / 'plain')
    assert not (tmp_path / 'plain' / 'pictures').exists()


def test_an_interrupted_benchmark_goes_on(judge, tmp_path, monkeypatch):
    done = []

    def interrupted(request, image, scale, build):
        if done:
            raise KeyboardInterrupt
        done.append(image.image.name)
        return judged(request, image, scale, build)

    judged = module._judge
    monkeypatch.setattr(module, '_judge', interrupted)
    with pytest.raises(SystemExit) as end:
        judge('--pixel-size', 10)
    assert end.value.code == 130
    with pytest.raises(SystemExit):
        judge('--pixel-size', 10)  # it is said that --resume would go on
    with pytest.raises(SystemExit):
        judge('--pixel-size', 5, '--resume')  # and that it is another benchmark

    def rest(request, image, scale, build):
        done.append(image.image.name)
        return judged(request, image, scale, build)

    monkeypatch.setattr(module, '_judge', rest)
    resumed = judge('--pixel-size', 10, '--resume')
    assert done == ['right.png', 'wrong.png']
    whole = judge('--pixel-size', 10, out=tmp_path / 'whole')
    assert resumed['scales'] == whole['scales']


def test_images_without_landslides(judge, samples, tmp_path, capsys):
    bare = tmp_path / 'bare'
    (samples / 'images').rename(bare)
    found = judge('--background', '--pixel-size', 10, '--json', folder=bare)
    assert json.loads(capsys.readouterr().out)['scales'] == found['scales']
    (scale,) = found['scales']
    assert scale['scores']['marked']['value'] == pytest.approx(100 * (1024 + 528) / 16000)
    assert scale['scores']['recall']['value'] is None


def test_refused_images_are_in_no_score(judge, samples, tmp_path, capsys):
    out = tmp_path / 'out'
    Image.fromarray(np.zeros((80, 100, 3), np.uint8)).save(samples / 'images' / 'wrong.png')
    options = ['--pixel-size', 10, '--cfg-options', 'mapping.scaling.type=PercentileStretch']
    targets = [
        'mapping.scaling.target_lower=(0,0,0)',
        'mapping.scaling.target_upper=(255,255,255)',
    ]
    (found,) = judge(*options, *targets)['scales']
    assert (found['images'], list(found['refused'])) == (1, ['wrong.png'])
    assert '1 of 2 images were not mapped at scale 1' in capsys.readouterr().err
    assert 'Not mapped at 1/1' in (out / 'benchmark.html').read_text()


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        ([], 'does not say how large its pixels are'),
        (['--pixel-size', 10, '--scales', 1, 1], 'the scales are 1, 1; give different whole'),
        (['--pixel-size', 10, '--resamples', -1], '--resamples is -1'),
        (['--masks', 'nowhere'], 'nowhere is no folder'),
        (
            ['--pixel-size', 10, '--cfg-options', 'mapping.gsd_range=(300,500)'],
            'none of 2 images could be mapped; of right.png at scale 1: .* --force',
        ),
    ],
)
def test_bad_input_is_one_sentence(judge, capsys, tmp_path, options, words):
    with pytest.raises(SystemExit) as end:
        judge(*options)
    assert end.value.code == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.startswith('error: ')

    assert re.search(words, told)
    assert not (tmp_path / 'out').exists()


def test_an_image_that_is_refused_goes_by_its_own_name(judge, samples, capsys):
    Image.fromarray(np.eye(80, dtype=np.uint8)).save(samples / 'grey.png')
    (samples / 'images').rename(samples / 'colours')
    (samples / 'images').mkdir()
    (samples / 'grey.png').rename(samples / 'images' / 'grey.png')
    with pytest.raises(SystemExit):
        judge('--pixel-size', 10, '--background')
    assert f'at scale 1: {samples}/images/grey.png has 1 band' in capsys.readouterr().err


def test_half_a_network_is_refused(samples, cheap, capsys):
    with pytest.raises(SystemExit) as end:
        main(['benchmark', str(cheap / 'config.py'), str(samples)])
    assert end.value.code == 2
    assert 'config.py was given alone; give CONFIG and the CHECKPOINT' in capsys.readouterr().err
    assert not Path('benchmark_samples').exists()
