import os
from pathlib import Path

import pytest

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.run.request import SourceWatch


@pytest.fixture
def scene(tmp_path):
    path = tmp_path / 'scene.tif'
    path.write_bytes(b'before')
    os.utime(path, ns=(10**18, 10**18))
    return path


def rewrite(path):
    path.write_bytes(b'behind')


def replace(path):
    other = path.with_name('other.tif')
    other.write_bytes(b'before')
    os.utime(other, ns=(10**18, 10**18))
    other.replace(path)


def grow(path):
    with path.open('ab') as file:
        file.write(b'more')
    os.utime(path, ns=(10**18, 10**18))


@pytest.mark.parametrize('change', [rewrite, replace, grow, os.remove])
def test_a_file_that_changes_is_named(scene, change):
    watch = SourceWatch([scene])
    watch.check()
    change(scene)
    with pytest.raises(InputFileError, match=r'scene\.tif has changed while it was being read'):
        watch.check()


def test_reading_and_files_beside_are_no_change(scene):
    watch = SourceWatch([scene])
    scene.read_bytes()
    scene.with_suffix('.tif.ovr').write_bytes(b'overviews')
    watch.check()


def test_a_folder_is_watched_with_all_it_holds(tmp_path):
    (tmp_path / 'reference.gdb').mkdir()
    table = tmp_path / 'reference.gdb' / 'table'
    table.write_bytes(b'before')
    watch = SourceWatch([tmp_path / 'reference.gdb'])
    watch.check()
    table.write_bytes(b'after it')
    with pytest.raises(InputFileError, match='table has changed'):
        watch.check()


def test_adding_a_file_again_does_not_forgive_it(scene):
    watch = SourceWatch([scene])
    rewrite(scene)
    watch.add([scene])
    with pytest.raises(InputFileError, match='has changed'):
        watch.check()


def test_a_sidecar_is_watched_for_what_it_says(scene):
    sidecar = scene.with_name('scene.tif.aux.xml')
    watch = SourceWatch([scene])
    sidecar.write_text(
        '<PAMDataset><Metadata><MDI key="STATISTICS_MEAN">7</MDI></Metadata></PAMDataset>'
    )
    watch.check()
    sidecar.write_text('<PAMDataset><SRS>EPSG:32654</SRS></PAMDataset>')
    with pytest.raises(InputFileError, match=r'scene\.tif\.aux\.xml has changed'):
        watch.check()


def test_a_mask_that_comes_into_being_is_named(scene):
    watch = SourceWatch([scene])
    scene.with_name('scene.tif.msk').write_bytes(b'mask')
    with pytest.raises(InputFileError, match=r'scene\.tif\.msk has changed'):
        watch.check()


def test_of_a_table_the_file_that_holds_it_is_watched(scene):
    watch = SourceWatch([Path(f'GPKG:{scene}:basemap'), Path(f'/vsizip/{scene}/in.tif')])
    watch.check()
    rewrite(scene)
    with pytest.raises(InputFileError, match=r'scene\.tif has changed'):
        watch.check()
