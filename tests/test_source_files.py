import zipfile

import numpy as np
import pytest
import rasterio
from affine import Affine

from dfpenet_mm.errors import InputFileError
from dfpenet_mm.source_files import sidecar_checksum, source_files

STATISTICS = '<MDI key="STATISTICS_MEAN">7</MDI>'
HISTOGRAMS = '<Histograms><HistItem><HistMin>0</HistMin></HistItem></Histograms>'


def write_tile(path):
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        width=8,
        height=8,
        count=1,
        dtype='uint8',
        crs='EPSG:32654',
        transform=Affine(10, 0, 500_000, 0, -10, 4_700_000),
    ) as target:
        target.write(np.full((1, 8, 8), 7, np.uint8))
    return path


def mosaic(path, *sources):
    """Write a mosaic of files named as in its XML."""
    parts = ''.join(
        f'<SimpleSource><SourceFilename relativeToVRT="{int(not name.startswith("/"))}">{name}'
        f'</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
        for name in sources
    )
    path.write_text(
        '<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32654</SRS><GeoTransform>500000, '
        f'10, 0, 4700000, 0, -10</GeoTransform><VRTRasterBand dataType="Byte" band="1">{parts}'
        '</VRTRasterBand></VRTDataset>'
    )
    return path


def auxiliary(path, *, band=''):
    path.with_name(f'{path.name}.aux.xml').write_text(
        f'<PAMDataset><PAMRasterBand band="1">{band}</PAMRasterBand></PAMDataset>'
    )


def names(path):
    return sorted(file.name for file in source_files(path))


def test_a_mosaic_of_mosaics_leads_to_the_images(tmp_path):
    write_tile(tmp_path / 'a.tif')
    write_tile(tmp_path / 'b.tif')
    mosaic(tmp_path / 'inner.txt', 'a.tif', 'b.tif')
    mosaic(tmp_path / 'middle.vrt', 'inner.txt', 'a.tif')
    outer = mosaic(tmp_path / 'outer.vrt', 'middle.vrt', 'inner.txt')
    assert names(outer) == ['a.tif', 'b.tif', 'inner.txt', 'middle.vrt']


def test_sidecars_count_by_what_they_say(tmp_path):
    tile = write_tile(tmp_path / 'a.tif')
    outer = mosaic(tmp_path / 'outer.vrt', 'a.tif')
    (tmp_path / 'a.tif.ovr').write_bytes(b'overviews')
    auxiliary(tile, band=f'<Metadata>{STATISTICS}</Metadata>{HISTOGRAMS}')
    assert names(outer) == ['a.tif']
    assert names(tile) == []
    auxiliary(tile, band='<NoDataValue>7</NoDataValue>')
    plain = sidecar_checksum(tmp_path / 'a.tif.aux.xml')
    (tmp_path / 'a.tif.msk').write_bytes(b'mask')
    assert names(outer) == ['a.tif', 'a.tif.aux.xml', 'a.tif.msk']
    # A viewer adds its statistics to what was there.
    auxiliary(tile, band=f'{HISTOGRAMS}\n<NoDataValue>7</NoDataValue>')
    assert sidecar_checksum(tmp_path / 'a.tif.aux.xml') == plain
    auxiliary(tile, band='<NoDataValue>8</NoDataValue>')
    assert sidecar_checksum(tmp_path / 'a.tif.aux.xml') != plain


def test_a_world_file_that_places_an_image_is_a_source(tmp_path):
    pixels = np.full((1, 8, 8), 7, np.uint8)
    with rasterio.open(
        tmp_path / 'bare.png', 'w', driver='PNG', width=8, height=8, count=1, dtype='uint8'
    ) as target:
        target.write(pixels)
    (tmp_path / 'bare.pgw').write_text('10\n0\n0\n-10\n500005\n4699995\n')
    assert names(tmp_path / 'bare.png') == ['bare.pgw']


def test_an_image_in_an_archive_is_the_archive(tmp_path):
    tile = write_tile(tmp_path / 'a.tif')
    with zipfile.ZipFile(tmp_path / 'images.zip', 'w') as archive:
        archive.write(tile, 'inside/a.tif')
    outer = mosaic(tmp_path / 'outer.vrt', f'/vsizip/{tmp_path}/images.zip/inside/a.tif')
    assert source_files(outer) == [tmp_path / 'images.zip']


@pytest.mark.parametrize('length', [1, 2, 3])
def test_a_mosaic_of_itself_is_refused(tmp_path, length):
    for index in range(length):
        mosaic(tmp_path / f'{index}.vrt', f'{(index + 1) % length}.vrt')
    with pytest.raises(InputFileError, match=r'0\.vrt is a mosaic that is made of itself'):
        source_files(tmp_path / '0.vrt')


def test_the_parts_of_a_shapefile(tmp_path):
    for suffix in ('.shp', '.dbf', '.prj', '.qix'):
        (tmp_path / f'area{suffix}').write_bytes(b'part')
    assert names(tmp_path / 'area.shp') == ['area.dbf', 'area.prj']


def test_what_a_geopackage_has_not_taken_in_yet(tmp_path):
    (tmp_path / 'area.gpkg').write_bytes(b'tables')
    (tmp_path / 'area.gpkg-wal').write_bytes(b'')
    assert names(tmp_path / 'area.gpkg') == []
    (tmp_path / 'area.gpkg-wal').write_bytes(b'edits')
    assert names(tmp_path / 'area.gpkg') == ['area.gpkg-wal']
