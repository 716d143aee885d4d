import errno

import geopandas as gpd
import pytest
from affine import Affine
from rasterio.crs import CRS

from dfpenet_mm.errors import OutputError
from dfpenet_mm.grid import RasterGrid
from dfpenet_mm.run import publish
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.run.publish import write_pictures
from postproc.product import LandslideProduct

GRID = RasterGrid(CRS.from_epsg(32654), Affine(10, 0, 500_000, 0, -10, 4_700_000), (5, 6))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Give ``written(figures, report)``: what comes back when these stand in for both."""

    def write(figures, report, project=lambda *_, **__: None):
        monkeypatch.setattr(publish, 'draw_figures', figures)
        monkeypatch.setattr(publish, 'write_report', report)
        monkeypatch.setattr(publish, 'write_qgis_project', project)
        return write_pictures(
            LandslideProduct(
                landslides=gpd.GeoDataFrame(geometry=[], crs=GRID.crs),
                grid=GRID,
                rasters={},
                out_dir=tmp_path,
            ),
            {},
            out=tmp_path / 'out',
            post=tmp_path / 'post.tif',
            pre=None,
            reading={'bands': (4, 3, 2, 8)},
            progress=RunProgress(),
        )

    return write


def raising(error):
    def fail(*_):
        raise error

    return fail


def test_both_are_made_of_the_same_products(written, tmp_path):
    seen = []
    assert written(*[lambda products, target: seen.append((products, target))] * 2) == []
    (products, figures), (again, report) = seen
    assert products is again
    assert (figures, report) == (tmp_path / 'figures', tmp_path / 'report.html')
    assert products.bands == (4, 3, 2)


def test_a_failure_costs_no_more_than_the_picture(written, caplog):
    made = []
    (sentence,) = written(raising(ValueError('no colour')), lambda *_: made.append('report'))
    assert sentence == (
        'the figures could not be made (ValueError: no colour); all other products are complete'
    )
    assert made == ['report']
    assert 'no colour' in caplog.text


def test_a_full_disk_is_no_mere_warning(written):
    with pytest.raises(OutputError, match='No space left on device'):
        written(raising(OSError(errno.ENOSPC, 'No space left on device')), lambda *_: None)


class ForeignError(Exception):
    """An error with a number that is none of the disk's, as GDAL's are."""

    errno = 1


@pytest.mark.parametrize(
    'error',
    [
        ForeignError('a projection'),
        FileNotFoundError(errno.ENOENT, 'No such file or directory', 'font.ttf'),
        PermissionError(errno.EACCES, 'Permission denied', 'cache'),
        MemoryError('too large'),
    ],
)
def test_errors_of_libraries_take_nothing_else_with_them(written, error):
    (sentence,) = written(raising(error), lambda *_: None)
    assert sentence.startswith(f'the figures could not be made ({type(error).__name__}: ')
