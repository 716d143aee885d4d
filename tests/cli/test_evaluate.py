"""The command against the hook, on a small scene."""

import json
import re
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from dfpenet_mm.cli.landslide_map import main as program
from dfpenet_mm.grid import RasterGrid
from postproc.consistency_evaluator import ConsistencyEvaluator
from postproc.masks.polygonise import polygonise
from postproc.product import LandslideProduct
from postproc.vectoriser import Vectoriser

ROOT = Path(__file__).resolve().parents[2]
TRANSFORM = Affine(10, 0, 500_000, 0, -10, 4_700_000)
UTM = 'EPSG:32654'


def main(arguments):
    program(['evaluate', *arguments])


def write_mask(path, pixels):
    rows, cols = pixels.shape
    profile = {'driver': 'GTiff', 'width': cols, 'height': rows, 'count': 1, 'dtype': 'uint8'}
    with rasterio.open(path, 'w', crs=UTM, transform=TRANSFORM, nodata=255, **profile) as target:
        target.write(pixels.astype(np.uint8), 1)
    return path


@pytest.fixture
def files(tmp_path):
    """A predicted mask with nodata, reference polygons, and an area in degrees."""
    rng = np.random.default_rng(3)
    pixels = (rng.random((30, 40)) > 0.7).astype(np.uint8)
    pixels[:, 35:] = 255
    reference = [
        shapely.box(500_000 + x, 4_699_700 + y, 500_000 + x + w, 4_699_700 + y + h)
        for x, y, w, h in rng.integers(5, 60, (12, 4)) * [5, 4, 1, 1]
    ]
    gpd.GeoDataFrame(geometry=reference, crs=UTM).to_file(tmp_path / 'reference.gpkg')
    area = shapely.Polygon([(5e5, 46998e2), (500_300, 46998e2), (500_200, 47e5), (5e5, 47e5)])
    gpd.GeoDataFrame(geometry=[area], crs=UTM).to_crs(4326).to_file(tmp_path / 'area.geojson')
    write_mask(tmp_path / 'mask.tif', pixels)
    return tmp_path


def run(capsys, *arguments):
    main([*map(str, arguments), '--json'])
    return json.loads(capsys.readouterr().out)


def product_of(folder):
    with rasterio.open(folder / 'mask.tif') as mask:
        grid = RasterGrid.from_dataset(mask)
    (folder / 'hook').mkdir()
    return LandslideProduct(
        polygonise(folder / 'mask.tif'),
        grid,
        {'mask': folder / 'mask.tif'},
        folder / 'hook',
        reference=folder / 'reference.gpkg',
    )


@pytest.mark.parametrize('kind', ['raster', 'vector'])
def test_command_and_hook_agree(files, capsys, kind):
    product = Vectoriser()(product_of(files))
    area = files / 'area.geojson'
    evaluator = ConsistencyEvaluator(
        area=area, boundary_tolerance_px=1.5, min_overlap=0.2, filename=None
    )
    wanted = evaluator(product).results['ConsistencyEvaluator']
    options = ['--area', area, '--tolerance', 1.5, '--min-overlap', 0.2]
    if kind == 'raster':
        predicted = files / 'mask.tif'
    else:
        predicted = files / 'hook' / 'landslides.gpkg'
        options += ['--grid', files / 'mask.tif']

    found = run(capsys, predicted, files / 'reference.gpkg', *options)

    assert found['evaluation'] == wanted
    assert wanted['pixels']['tp'] > 10
    assert found['predicted_landslides'] == len(product.landslides)
    assert found['grid']['from'] == 'mask.tif'


def test_an_edited_inventory_is_evaluated_as_edited(files, capsys):
    product = Vectoriser()(product_of(files))
    path = files / 'hook' / 'landslides.gpkg'
    edited = gpd.read_file(path, layer='landslides').iloc[:5]
    edited.to_file(files / 'edited.gpkg', layer='landslides')
    edited.iloc[:0].to_file(files / 'empty.gpkg', layer='landslides')

    five, none = (
        run(capsys, files / name, files / 'reference.gpkg', '--grid', files / 'mask.tif')
        for name in ('edited.gpkg', 'empty.gpkg')
    )

    counts = five['evaluation']['landslides']
    assert counts['tp'] + counts['fp'] == 5 < len(product.landslides)
    assert none['evaluation']['landslides']['fn'] == none['evaluation']['reference_landslides']
    assert none['evaluation']['pixels']['precision'] is None


def test_files_are_written_and_guarded(files, capsys):
    out = files / 'out'
    arguments = [str(files / 'mask.tif'), str(files / 'reference.gpkg'), '--out', str(out)]

    main(arguments)

    printed = capsys.readouterr().out
    names = ['evaluation.gpkg', 'evaluation.png', 'evaluation.tif', 'summary.json']
    assert sorted(path.name for path in out.iterdir()) == names
    assert all(str(out / name) in printed for name in names)
    summary = json.loads((out / 'summary.json').read_text())
    assert summary['files'] == names
    assert set(summary['provenance']['inputs']) == {'predicted', 'reference'}
    assert f'tp {summary["evaluation"]["pixels"]["tp"]}, ' in printed
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert 'is not empty' in capsys.readouterr().err
    main([*arguments, '--overwrite'])
    predicted = gpd.read_file(out / 'evaluation.gpkg', layer='predicted')
    assert set(predicted['status']) <= {'TP', 'FP', 'not counted'}


def test_two_vectors_get_a_grid(files, capsys):
    path = files / 'reference.gpkg'
    gpd.read_file(path).to_crs(4326).to_file(files / 'degrees.geojson')

    default = run(capsys, files / 'degrees.geojson', path)
    fine = run(capsys, path, files / 'degrees.geojson', '--pixel-size', 1)

    assert default['grid']['from'] is None
    assert default['grid']['crs'] == fine['grid']['crs'] == UTM
    assert fine['grid']['gsd_m'] == pytest.approx(1)
    assert fine['evaluation']['pixels']['iou'] > 0.99
    assert fine['evaluation']['landslides']['fp'] == 0
    union = gpd.read_file(path).union_all()
    assert fine['evaluation']['pixels']['tp'] == pytest.approx(union.area, rel=0.02)


def test_raster_reference_and_other_values(files, capsys):
    with rasterio.open(files / 'mask.tif') as mask:
        pixels = mask.read(1)
    write_mask(files / 'twos.tif', np.where(pixels == 1, 2, pixels))

    found = run(capsys, files / 'twos.tif', files / 'twos.tif', '--landslide-value', 2)

    assert found['evaluation']['pixels'] | {'fp': 0, 'fn': 0} == found['evaluation']['pixels']
    assert found['evaluation']['pixels']['tp'] == (pixels == 1).sum()


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['gone.gpkg', 'reference.gpkg'], 'the prediction .*gone.gpkg does not exist'),
        (['mask.tif', 'gone.gpkg'], 'the reference .*gone.gpkg does not exist'),
        (['no_crs.gpkg', 'reference.gpkg'], 'the prediction .* has no CRS'),
        (['mask.tif', 'no_crs.gpkg'], 'the reference .* has no CRS'),
        (['mask.tif', 'reference.gpkg', '--area', 'lines.gpkg'], 'evaluation area .* no polygon'),
        (['mask.tif', 'reference.gpkg', '--tolerance', '-1'], 'boundary_tolerance_px is -1'),
        (['mask.tif', 'reference.gpkg', '--pixel-size', '5'], '--pixel-size 5 was given, but'),
        (['reference.gpkg', 'reference.gpkg', '--pixel-size', '0'], 'pixel size is 0'),
        (['reference.gpkg', 'reference.gpkg', '--layer', 'x'], "none is 'x'; name .* --layer"),
        (['lines.gpkg', 'reference.gpkg'], 'the prediction .* no polygon'),
        (['notes.txt', 'reference.gpkg'], 'the prediction .* neither as a raster nor'),
        (['mask.tif', 'far.gpkg'], 'none of 1 landslide of the reference'),
        (['twos.tif', 'reference.gpkg'], 'the prediction .* holds .* set --prediction-value 2$'),
        (['mask.tif', 'twos.tif'], 'the reference .* holds .* --reference-value 2 in'),
        (['far.gpkg', 'reference.gpkg'], 'lie apart'),
    ],
)
def test_bad_input_ends_in_one_sentence(files, capsys, monkeypatch, arguments, sentence):
    monkeypatch.chdir(files)
    line = shapely.LineString([(500_000, 4_699_900), (500_100, 4_700_000)])
    gpd.GeoDataFrame(geometry=[line], crs=UTM).to_file('lines.gpkg')
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)], crs=UTM).to_file('far.gpkg')
    with pytest.warns(UserWarning, match="'crs' was not provided"):
        gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)]).to_file('no_crs.gpkg')
    Path('notes.txt').write_text('notes')
    write_mask(Path('twos.tif'), np.array([[0, 2], [255, 2]]))

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.startswith('error: ')
    assert error.count('\n') == 1
    assert re.search(sentence, error), error


def test_programs_get_one_document_and_quiet_says_nothing(files, capsys):
    pair = [str(files / 'mask.tif'), str(files / 'reference.gpkg')]
    main([*pair, '--quiet'])
    assert capsys.readouterr().out == ''
    with pytest.raises(SystemExit) as exit_info:
        main([*pair, '--area', str(files / 'gone.gpkg'), '--json', '--quiet'])
    assert exit_info.value.code == 2
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert document['exit_code'] == 2
    assert f'error: {document["error"]}\n' == printed.err


def test_the_tool_starts(files):
    command = [sys.executable, str(ROOT / 'tools' / 'evaluate_inventory.py')]
    done = subprocess.run(
        [*command, str(files / 'mask.tif'), str(files / 'reference.gpkg')],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert 'landslides of mask.tif against' in done.stdout


def test_masks_of_other_values_are_compared(files, capsys):
    """A prediction of 0 and 1 against a ground truth of 0 and 255."""
    pixels = np.zeros((30, 40), np.uint8)
    pixels[3:9, 4:20] = 1
    ones = write_mask(files / 'ones.tif', pixels)
    bytes_ = write_mask(files / 'bytes.tif', pixels * 255)
    with rasterio.open(bytes_, 'r+') as dataset:
        dataset.nodata = None

    for arguments in (
        (ones, bytes_, '--reference-value', 255),
        (bytes_, ones, '--prediction-value', 255),
        (bytes_, ones, '--landslide-value', 255, '--reference-value', 1),
    ):
        assert run(capsys, *arguments)['evaluation']['pixels']['iou'] == 1


@pytest.mark.parametrize('sibling', ['beyond the grid', 'on its nodata', 'outside of the area'])
def test_an_inventory_against_itself_is_perfect(tmp_path, capsys, sibling):
    """Both sides are judged on the same ground."""
    far = {'beyond the grid': 560_000, 'on its nodata': 500_700}.get(sibling, 500_300)
    boxes = [shapely.box(x, 4_699_800, x + 100, 4_699_900) for x in (500_100, far)]
    both = tmp_path / 'both.gpkg'
    gpd.GeoDataFrame(geometry=boxes, crs=UTM).to_file(both)
    pixels = np.zeros((100, 100), np.uint8)
    pixels[:, 50:] = 255
    options = ['--grid', write_mask(tmp_path / 'grid.tif', pixels)]
    if sibling == 'outside of the area':
        area = shapely.box(500_000, 4_699_000, 500_250, 4_700_000)
        gpd.GeoDataFrame(geometry=[area], crs=UTM).to_file(tmp_path / 'area.gpkg')
        options += ['--area', tmp_path / 'area.gpkg']

    found = run(capsys, both, both, *options)['evaluation']

    assert found['landslides'] | {'tp': 1, 'fp': 0, 'fn': 0} == found['landslides']
    assert found['not_counted']['predicted'] == 1
    assert found['pixels'] | {'tp': 100, 'fp': 0, 'fn': 0} == found['pixels']


def test_features_are_counted_as_the_report_counts_them(tmp_path, capsys):
    """Two polygons that an analyst joined in QGIS are one landslide, though they do not touch."""
    x = 500_000 + np.array([0, 200, 400])
    one, other, third = shapely.box(x, 4_699_800, x + 100, 4_699_900)
    path = tmp_path / 'landslides.gpkg'
    table = gpd.GeoDataFrame(geometry=[shapely.MultiPolygon([one, other]), third], crs=UTM)
    table.to_file(path, layer='landslides')

    found = run(capsys, path, path)

    assert found['predicted_landslides'] == found['evaluation']['reference_landslides'] == 2


def test_a_basemap_in_the_geopackage_does_not_hide_its_landslides(files, capsys):
    both = files / 'both.gpkg'
    profile = {'width': 40, 'height': 30, 'count': 3, 'dtype': 'uint8', 'transform': TRANSFORM}
    with rasterio.open(both, 'w', driver='GPKG', crs=UTM, RASTER_TABLE='map', **profile) as target:
        target.write(np.ones((3, 30, 40), np.uint8))
    table = gpd.read_file(files / 'reference.gpkg')
    table.to_file(both, layer='landslides', mode='a')

    for options in ((), ('--reference-layer', 'landslides')):
        found = run(capsys, files / 'reference.gpkg', both, *options)
        assert found['evaluation']['pixels']['iou'] == 1
