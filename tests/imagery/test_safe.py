"""Sentinel-2 products as folders and archives, and a fetch from them without a network."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from affine import Affine

from dfpenet_mm.errors import ImageryError, InputFileError
from dfpenet_mm.imagery.fetch import fetch_images
from dfpenet_mm.imagery.request import FetchRequest
from dfpenet_mm.imagery.safe import read_product
from tests.imagery.test_fetch import INSIDE
from tests.imagery.world import EPSG, ORIGIN, ground

NUMBERS = {'blue': 2, 'green': 3, 'red': 4, 'nir': 8}
METADATA = """<?xml version="1.0"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd">
<PRODUCT_START_TIME>{time}</PRODUCT_START_TIME><PRODUCT_URI>{name}.SAFE</PRODUCT_URI>
<PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE>
<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>{offsets}
</n1:Level-2A_User_Product>
"""


def product(folder, day, *, baseline='02.06', added=0):
    """Write a product of level 2A; its JPEG 2000 files keep every number."""
    name = f'S2A_MSIL2A_2018{day}T012651_N9999_R074_T54TWN_2018{day}T040000'
    safe = folder / f'{name}.SAFE'
    place = Affine(10, 0, ORIGIN[0], 0, -10, ORIGIN[1])
    bands = dict(zip(('red', 'green', 'blue', 'nir'), ground(EPSG, place, (256, 256)), strict=True))
    files = {
        f'R10m/T54TWN_2018{day}_B0{number}_10m.jp2': (np.rint(bands[role] + added), 1)
        for role, number in NUMBERS.items()
    }
    files[f'R20m/T54TWN_2018{day}_SCL_20m.jp2'] = np.full((128, 128), 4), 2
    for path, (array, step) in files.items():
        target = safe / 'GRANULE' / 'L2A_T54TWN' / 'IMG_DATA' / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(
            target,
            'w',
            driver='JP2OpenJPEG',
            height=array.shape[0],
            width=array.shape[1],
            count=1,
            dtype='uint16' if step == 1 else 'uint8',
            crs=f'EPSG:{EPSG}',
            transform=place @ Affine.scale(step),
            quality=100,
            reversible='yes',
        ) as file:
            file.write(array.astype(file.dtypes[0]), 1)
    offsets = ''.join(f'<BOA_ADD_OFFSET band_id="{n}">-1000</BOA_ADD_OFFSET>' for n in range(13))
    text = METADATA.format(
        name=name,
        time=f'2018-{day[:2]}-{day[2:]}T01:26:51.024Z',
        baseline=baseline,
        offsets=offsets if added else '',
    )
    (safe / 'MTD_MSIL2A.xml').write_text(text)
    return safe


def test_fetch_from_a_folder_and_an_archive(tmp_path):
    after = product(tmp_path, '0910', baseline='05.00', added=1000)
    before = product(tmp_path, '0811')
    archive = shutil.make_archive(str(tmp_path / 'before'), 'zip', tmp_path, before.name)
    shutil.rmtree(before)
    request = FetchRequest(
        out=tmp_path / 'out',
        box=INSIDE,
        date=(datetime(2018, 9, 5, tzinfo=UTC), datetime(2018, 9, 6, tzinfo=UTC)),
        products=[after, tmp_path / archive],
    )
    fetched = fetch_images(request)
    for name, taken_off in (('post.tif', 1000), ('pre.tif', 0)):
        with rasterio.open(request.out / name) as source:
            wanted = np.rint(ground(EPSG, source.transform, source.shape))
            np.testing.assert_array_equal(source.read(), wanted)
        (told,) = fetched.record['images'][name]['sources']
        assert told['offset_subtracted'] == taken_off
        assert told['relative_orbit'] == 74


def test_product_tells_tile_orbit_and_offset(tmp_path):
    item = read_product(product(tmp_path, '0910', baseline='05.00', added=1000))
    assert (item.tile, item.orbit, item.baseline) == ('54TWN', 74, '05.00')
    assert item.assets['nir'].offset == pytest.approx(-0.1)
    assert item.time == datetime(2018, 9, 10, 1, 26, 51, 24000, tzinfo=UTC)


def test_what_is_no_product(tmp_path):
    with pytest.raises(InputFileError, match='does not exist'):
        read_product(tmp_path / 'gone.SAFE')
    with pytest.raises(InputFileError, match=r'holds 0 files MTD_MSIL2A.xml'):
        read_product(tmp_path)
    (tmp_path / 'a.zip').write_text('no archive')
    with pytest.raises(InputFileError, match='give a whole Sentinel-2 product'):
        read_product(tmp_path / 'a.zip')
    (tmp_path / 'b').mkdir()
    (tmp_path / 'b' / 'MTD_MSIL2A.xml').write_text(
        METADATA.format(name='S2', time='2018-09-10T01:00:00Z', baseline='', offsets='')
    )
    with pytest.raises(ImageryError, match='has 0 files like'):
        read_product(tmp_path / 'b')
