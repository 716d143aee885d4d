from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.dtypes import dtype_rev, typename_fwd
from rasterio.enums import Resampling
from rasterio.transform import from_origin

from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.validity import ValidityRule, held_value, one_band_spoils, open_unhidden
from dfpenet_mm.warped import WarpedRaster


@pytest.mark.parametrize(
    ('dtype', 'nodata', 'spoils'),
    [
        ('uint8', 0, False),
        ('uint8', 255, False),
        ('uint16', 65535, False),
        ('float32', 0, False),
        ('int16', 0, False),
        ('int16', -9999, True),
        ('float32', -9999, True),
        ('float32', float('nan'), True),
        ('float32', None, False),
    ],
)
def test_only_a_value_never_measured_spoils_alone(dtype, nodata, spoils):
    assert one_band_spoils(dtype, nodata) is spoils


@pytest.mark.parametrize(
    ('dtype', 'value', 'held'),
    [
        ('uint8', -9999, None),
        ('uint8', 0.5, None),
        ('int16', float('nan'), None),
        ('int16', -9999.0, -9999),
        ('float32', -3.40282346638528898e38, -3.4028234663852886e38),
        ('float32', -1.7976931348623157e308, None),
        ('int64', -(2.0**63), -(2**63)),
    ],
)
def test_a_nodata_value_is_compared_as_a_band_holds_it(dtype, value, held):
    assert held_value(dtype, value) == held


SHAPE = (4, 5)
VALUES = {
    'uint8': (0, 1, 7, 255),
    'uint16': (0, 1, 7, 65535),
    'int16': (-9999, -32768, 0, 7),
    'float32': (-9999.0, 0.0, 7.5, float('nan'), float('inf'), -3.4028234663852886e38),
    'float64': (-9999.0, 0.0, 7.5, float('nan'), -1.7976931348623157e308),
    'int64': (-(2**63), 2**62 - 1, 0, 7),
}


@st.composite
def rasters(draw):
    """Three bands that declare what they like, and perhaps masks and a transparency band."""
    dtype = draw(st.sampled_from(sorted(VALUES)))
    values = st.sampled_from(VALUES[dtype])
    bands = draw(arrays(dtype, (3, *SHAPE), elements=values))
    declared = draw(st.tuples(*[st.none() | values] * 3))
    byte = arrays('uint8', SHAPE, elements=st.sampled_from((0, 255)))
    # Of 64 bits rasterio rounds the nodata value, and GDAL's mask shows it only without another.
    masks = (
        None
        if dtype == 'int64'
        else draw(st.none() | st.tuples(byte) | st.tuples(byte, byte, byte))
    )
    alpha = draw(st.none() | arrays(dtype, SHAPE, elements=st.sampled_from((0, 1))))
    return (
        bands,
        declared,
        masks,
        alpha,
        draw(st.sampled_from([(), *[(v,) for v in VALUES[dtype]]])),
    )


def written(folder, bands, declared, masks, alpha):
    """Write the raster as a VRT, in which every band may declare a value of its own."""
    planes = [*bands] if alpha is None else [*bands, alpha]
    (folder / 'pixels.tif.msk').unlink(missing_ok=True)
    place = {'crs': 'EPSG:32654', 'transform': from_origin(500_000, 4_700_000, 10, 10)}
    size = {'height': SHAPE[0], 'width': SHAPE[1], 'driver': 'GTiff'}
    with rasterio.open(
        folder / 'pixels.tif', 'w', count=len(planes), dtype=bands.dtype, **place, **size
    ) as target:
        target.write(np.stack(planes))
    kind = typename_fwd[dtype_rev[bands.dtype.name]]
    described = ''
    for number in range(1, len(planes) + 1):
        value = declared[number - 1] if number <= 3 else None
        tags = '' if value is None else f'<NoDataValue>{value!r}</NoDataValue>'
        tags += '<ColorInterp>Alpha</ColorInterp>' if number == 4 else ''
        described += (
            f'<VRTRasterBand dataType="{kind}" band="{number}">{tags}<SimpleSource>'
            f'<SourceFilename relativeToVRT="1">pixels.tif</SourceFilename>'
            f'<SourceBand>{number}</SourceBand></SimpleSource></VRTRasterBand>'
        )
    path = folder / 'scene.vrt'
    path.write_text(
        f'<VRTDataset rasterXSize="{SHAPE[1]}" rasterYSize="{SHAPE[0]}"><SRS>EPSG:32654</SRS>'
        f'<GeoTransform>500000, 10, 0, 4700000, 0, -10</GeoTransform>{described}</VRTDataset>'
    )
    (folder / 'scene.vrt.msk').unlink(missing_ok=True)
    if masks is not None:
        hidden = masks if len(masks) == 1 else [*masks, *[masks[0]] * (len(planes) - 3)]
        with rasterio.open(
            folder / 'scene.vrt.msk', 'w', count=len(hidden), dtype='uint8', **place, **size
        ) as target:
            # GDAL's own tag: 2 is a mask of all bands, 0 one of each.
            flags = '2' if len(masks) == 1 else '0'
            count = range(1, len(planes) + 1)
            target.update_tags(**{f'INTERNAL_MASK_FLAGS_{band}': flags for band in count})
            target.write(np.stack(hidden))
    return path


def plainly_valid(bands, declared, masks, alpha, called_nodata):
    """Tell the valid pixels one by one, by the words of the rule."""
    unsigned = bands.dtype.kind == 'u'
    valid = np.ones(SHAPE, bool)
    for row, col in np.ndindex(SHAPE):
        pixel = bands[:, row, col]
        told = [declared, *[(value,) * 3 for value in called_nodata]]
        for values in told:
            pairs = [
                (p, v)
                for p, v in zip(pixel, values, strict=True)
                if v is not None and not np.isnan(v)
            ]
            strange = [(p, v) for p, v in pairs if not unsigned and v != 0]
            common = [(p, v) for p, v in pairs if unsigned or v == 0]
            if any(p == v for p, v in strange) or (common and all(p == v for p, v in common)):
                valid[row, col] = False
        if bands.dtype.kind == 'f' and not np.isfinite(pixel).all():
            valid[row, col] = False
        if masks is not None and any(mask[row, col] == 0 for mask in masks):
            valid[row, col] = False
        if alpha is not None and alpha[row, col] == 0:
            valid[row, col] = False
    return valid


@settings(deadline=None, max_examples=100)
@given(rasters())
def test_every_way_of_saying_nodata_counts(raster):
    *stored, called = raster
    expected = plainly_valid(*stored, called)
    finer = RasterGrid(
        rasterio.CRS.from_epsg(32654),
        from_origin(500_000, 4_700_000, 5, 5),
        (2 * SHAPE[0], 2 * SHAPE[1]),
    )
    with TemporaryDirectory() as name:
        path = written(Path(name), *stored)
        with open_unhidden(path) as dataset:
            rule = ValidityRule.of(dataset, (1, 2, 3), called)
            found = rule.read(dataset, dataset.read((1, 2, 3)))
            with WarpedRaster(dataset, rule, finer, Resampling.nearest) as warped:
                on_grid = warped.valid()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(on_grid, expected.repeat(2, axis=0).repeat(2, axis=1))
