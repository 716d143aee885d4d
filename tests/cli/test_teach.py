"""``landslide-map teach``, by its command line."""

import shutil

import geopandas as gpd
import pytest
import shapely

from dfpenet_mm.cli.landslide_map import main
from tests.teaching.conftest import (
    CRS,
    lesson_folder,
    square,
    truth_squares,
    write_review,
)

__all__ = ['lesson_folder']
LEFT_HALF = shapely.box(500_000, 4_698_400, 500_800, 4_700_000)


@pytest.fixture
def complain(tmp_path, capsys):
    """Ask for a lesson that cannot be; return the complaint."""

    def run(*arguments, out=tmp_path / 'taught'):
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_info:
            main(['teach', *map(str, arguments), '--out', str(out), '--no-report', '--quiet'])
        assert exit_info.value.code == 2
        printed = capsys.readouterr()
        assert printed.out == ''
        (line,) = printed.err.strip().splitlines()
        assert line.startswith('error: ')
        assert not (tmp_path / 'taught').exists()
        return line

    return run


@pytest.fixture
def network(lesson_folder):
    return [str(lesson_folder / name) for name in ('config.py', 'weights.pth')]


@pytest.fixture
def unreviewed(lesson_folder, network, tmp_path):
    """Arguments that name network, image, and an inventory to write."""
    return [*network, '--post', lesson_folder / 'post.tif', '--inventory', tmp_path / 'mine.gpkg']


@pytest.fixture
def mapped(lesson_folder, network, tmp_path):
    """A run of the network that knows no landslide, with an image of its own."""
    post = tmp_path / 'post.tif'
    shutil.copy(lesson_folder / 'post.tif', post)
    out = tmp_path / 'run'
    main([*network, '--post', str(post), '--out', str(out), '--no-report', '--quiet'])
    return out


def test_a_folder_that_is_no_run_is_refused(complain, tmp_path):
    (tmp_path / 'empty').mkdir()
    assert 'summary.json' in complain('--run', tmp_path / 'empty')


def test_nothing_to_learn_from_is_refused(complain, tmp_path):
    (tmp_path / 'post.tif').touch()
    assert 'there is nothing to learn from' in complain('--post', tmp_path / 'post.tif')


@pytest.mark.parametrize(
    ('shapes', 'area', 'sentence'),
    [
        (truth_squares(), square(500, 500, 40), 'lies beside the image'),
        ([], LEFT_HALF, 'holds no landslide in the reviewed ground'),
        (truth_squares(), square(0, 0, 8), 'holds too little reviewed ground'),
        (truth_squares()[:1], LEFT_HALF, 'holds landslides in one place only'),
    ],
)
def test_ground_that_cannot_teach_is_refused(complain, unreviewed, shapes, area, sentence):
    write_review(unreviewed[-1], shapes, [None] * len(shapes), [area])
    assert sentence in complain(*unreviewed)


def test_a_run_brings_its_image_network_and_review(complain, mapped):
    inventory = mapped / 'landslides.gpkg'
    assert 'draw polygons into its layer reviewed_area' in complain('--run', mapped)
    drawn = gpd.GeoDataFrame({'reviewer': ['x']}, geometry=[square(0, 0, 8)], crs=CRS)
    drawn.to_file(inventory, layer='reviewed_area')
    told = complain('--run', mapped)
    assert f'{inventory} holds too little reviewed ground' in told


def test_the_folder_of_the_run_is_no_place_for_the_new_map(complain, mapped):
    assert 'is the folder of the run' in complain('--run', mapped, out=mapped)


def test_an_image_that_has_moved_is_asked_for(complain, mapped, tmp_path):
    (tmp_path / 'post.tif').rename(tmp_path / 'moved.tif')
    assert 'say where it is with --post' in complain('--run', mapped)
