"""Images and settings that change while a run reads them, or before it is resumed, are named."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from dfpenet_mm.cli.landslide_map import main
from dfpenet_mm.run.work_folder import finished_blocks
from tests.cli.stopped_run import fail, hashes, stop_after


def test_a_source_that_changed_is_named(stopped, capsys):
    out, arguments = stopped
    post = Path(arguments[arguments.index('--post') + 1])
    with rasterio.open(post, 'r+') as scene:
        scene.write(np.full((3, 1, 1), 9, np.uint8), window=((599, 600), (799, 800)))
    message = fail([*arguments, '--resume'], capsys)
    assert 'the post file post.tif has changed' in message
    assert finished_blocks(out)


def test_other_weights_and_settings_are_named(stopped, cheap, tmp_path, capsys):
    out, arguments = stopped
    options = ['--cfg-options', 'mapping.stride=64']
    message = fail([*arguments, '--resume', *options], capsys)
    assert 'setting mapping.stride has changed from 48 to 64' in message
    weights = tmp_path / 'weights.pth'
    content = (cheap / 'weights.pth').read_bytes().replace(b'\x00\x00\x80?', b'\x00\x00\x00?')
    weights.write_bytes(content)
    other = [str(weights) if value.endswith('.pth') else value for value in arguments]
    message = fail([*other, '--resume'], capsys)
    assert 'weights.pth' in message
    assert finished_blocks(out)


def test_a_damaged_source_is_named_and_blocks_are_kept(
    cheap_arguments, cheap, tmp_path, monkeypatch, capsys
):
    # The looks for a valid pixel and for fill would find the damage before any block is predicted.
    monkeypatch.setattr('dfpenet_mm.mapping.scene.scene.TILE', 128)
    monkeypatch.setattr('dfpenet_mm.run.scene_pair.doubt_fill', lambda _: None)
    post = tmp_path / 'torn.tif'
    content = (cheap / 'post.tif').read_bytes()
    with rasterio.open(cheap / 'post.tif') as scene:
        offset = int(scene.get_tag_item('BLOCK_OFFSET_0_2', 'TIFF', bidx=1))
    post.write_bytes(content[:offset] + b'\xff' * 400 + content[offset + 400 :])
    message = fail(cheap_arguments(tmp_path / 'out', post=post), capsys)
    assert 'torn.tif cannot be read at Window(' in message
    assert finished_blocks(tmp_path / 'out')


@pytest.mark.parametrize('replace', [True, False])
def test_a_source_that_changes_while_it_is_read(
    cheap_arguments, whole, tmp_path, capsys, *, cheap, monkeypatch, replace
):
    post = Path(shutil.copy(cheap / 'post.tif', tmp_path / 'post.tif'))

    def rewrite():
        if replace:
            Path(shutil.copy(post, tmp_path / 'new.tif')).replace(post)
        else:
            os.utime(post, ns=(1, 1))

    stop_after(monkeypatch, 7, rewrite)
    arguments = cheap_arguments(tmp_path / 'out', post=post)
    message = fail(arguments, capsys)
    assert 'post.tif has changed while it was being read' in message
    monkeypatch.undo()
    # No block of the new file was kept: the old one put back, the run goes on.
    assert finished_blocks(tmp_path / 'out') <= 7
    main([*arguments, '--resume'])
    assert hashes(tmp_path / 'out') == hashes(whole)


def mosaic(path, source):
    """Write a mosaic of one image or mosaic like the cheap scene."""
    bands = ''.join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><NoDataValue>0</NoDataValue><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{source}</SourceFilename><SourceBand>{band}'
        '</SourceBand></SimpleSource></VRTRasterBand>'
        for band in (1, 2, 3)
    )
    path.write_text(
        '<VRTDataset rasterXSize="800" rasterYSize="600"><SRS>EPSG:32654</SRS><GeoTransform>'
        f'500000, 10, 0, 4700000, 0, -10</GeoTransform>{bands}</VRTDataset>'
    )
    return path


def set_nodata(post):
    """Declare a value nodata in the sidecar, as ``gdal_edit.py`` does where it may not write."""
    band = ''.join(
        f'<PAMRasterBand band="{band}"><NoDataValue>77</NoDataValue></PAMRasterBand>'
        for band in (1, 2, 3)
    )
    Path(f'{post}.aux.xml').write_text(f'<PAMDataset>{band}</PAMDataset>')


def touch(post):
    os.utime(post, ns=(1, 1))


@pytest.mark.parametrize(('change', 'named'), [(touch, 'deep.tif'), (set_nodata, 'deep.tif.aux')])
def test_the_image_below_a_mosaic_of_mosaics_changes(
    cheap_arguments, cheap, tmp_path, monkeypatch, capsys, *, change, named
):
    deep = Path(shutil.copy(cheap / 'post.tif', tmp_path / 'deep.tif'))
    mosaic(tmp_path / 'inner.vrt', 'deep.tif')
    arguments = cheap_arguments(tmp_path / 'out', post=mosaic(tmp_path / 'outer.vrt', 'inner.vrt'))
    stop_after(monkeypatch, 7, lambda: change(deep))
    assert f'{named}' in fail(arguments, capsys)
    assert finished_blocks(tmp_path / 'out')
    # And between two runs: its content, not only its time.
    with rasterio.open(deep, 'r+') as scene:
        scene.write(np.full((3, 1, 1), 9, np.uint8), window=((599, 600), (799, 800)))
    message = fail([*arguments, '--resume'], capsys)
    assert named in message
    assert 'from which the post file outer.vrt is read, has changed' in message
