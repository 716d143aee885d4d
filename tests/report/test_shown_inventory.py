import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from dfpenet_mm.report.page.key_numbers import count_true, largest
from dfpenet_mm.report.shown_inventory import shown_inventory
from tests.report.page.generated_run import landslides, rejected, square, summary


def test_what_the_run_found_is_shown_as_it_is():
    table = landslides()
    shown = shown_inventory(table, summary(table))
    assert shown.edits == ()
    assert shown.table['area_m2'].tolist() == table['area_m2'].tolist()


def test_a_deleted_landslide_is_told():
    table = landslides()
    shown = shown_inventory(table.drop(index=15), summary(table))
    assert shown.edits == (
        '1 landslide removed',
        '15 landslides now, 16 when the run ended',
        '0.209 km² now, 0.246 km² when the run ended',
    )


def test_a_drawn_landslide_gets_number_and_area():
    table = landslides()
    drawn = gpd.GeoDataFrame(geometry=[square(50, 140, 10)], crs=table.crs)
    shown = shown_inventory(pd.concat([table, drawn], ignore_index=True), summary(table))
    new = shown.table.iloc[-1]
    assert new['id'] == 17
    # Measured on the ellipsoid; the projection's scale is 0.9996 here.
    assert new['area_m2'] == pytest.approx(10_000 / 0.9996**2, rel=1e-4)
    assert shown.edits[0] == '1 landslide added'


def test_a_moved_outline_is_measured_again():
    table = landslides()
    told = summary(table)
    table.loc[3, 'geometry'] = square(50, 60, 20)
    shown = shown_inventory(table, told)
    assert shown.table.loc[3, 'area_m2'] == pytest.approx(40_000 / 0.9996**2, rel=1e-4)
    assert shown.edits[0] == '1 outline changed, with area and position measured again'


def test_a_moved_outline_keeps_no_measure_of_the_former_one():
    table = landslides().assign(length_m=30.0, lon=0.0, lat=0.0)
    told = summary(table)
    table.loc[3, 'geometry'] = square(50, 60, 20)
    shown = shown_inventory(table, told).table
    assert shown['length_m'].isna().tolist() == [row == 3 for row in range(16)]
    middle = table.geometry[[3]].centroid.to_crs('EPSG:4326').iloc[0]
    assert shown.loc[3, ['lon', 'lat']].tolist() == pytest.approx([middle.x, middle.y], abs=1e-6)
    assert (shown['lon'].drop(index=3) == 0).all()


def test_a_number_that_two_landslides_have_is_told():
    table = landslides()
    told = summary(table)
    table.loc[5, 'id'] = table.loc[4, 'id']
    assert shown_inventory(table, told).edits == (
        '1 landslide removed',
        '2 landslides with a number that is not unique',
    )


def test_landslides_without_an_outline_are_left_out():
    table = landslides()
    table.loc[0, 'geometry'] = None
    assert len(shown_inventory(table, {}).table) == 15


def test_a_table_of_outlines_alone_is_shown():
    bare = landslides()[['geometry']]
    shown = shown_inventory(bare, {})
    assert shown.table['id'].tolist() == list(range(1, 17))
    assert np.isfinite(shown.table['area_m2']).all()


def test_nothing_found_is_shown():
    assert len(shown_inventory(landslides().iloc[:0], {}).table) == 0


def test_a_corner_that_was_moved_is_a_change_however_small():
    table = landslides()
    middles = table.geometry.centroid
    table = table.assign(centroid_x=middles.x, centroid_y=middles.y)
    told = summary(table)
    assert shown_inventory(table, told).edits == ()
    left, bottom = table.geometry[15].bounds[:2]
    corner = box(left, bottom, left + 5, bottom + 5)
    table.loc[15, 'geometry'] = table.geometry[15].difference(corner)
    assert shown_inventory(table, told).edits == (
        '1 outline changed, with area and position measured again',
    )


def test_a_region_that_was_taken_back_is_no_longer_removed():
    table, regions = landslides(), rejected()
    told = summary(table)
    back = pd.concat([table, regions.iloc[[1]]], ignore_index=True)
    shown = shown_inventory(back, told, regions)
    assert shown.rejected['id'].tolist() == [17, 19]
    assert shown.table['id'].tolist() == [*range(1, 17), 18]
    assert shown.edits == (
        '1 removed candidate taken back',
        '17 landslides now, 16 when the run ended',
    )


def test_regions_that_were_moved_to_the_landslides_are_taken_back():
    """By cut and paste, after which the layer of the removed ones lacks them."""
    table, regions = landslides(), rejected()
    told = summary(table)
    told['totals']['rejected'] = 3
    drawn = gpd.GeoDataFrame(geometry=[square(50, 140, 10)], crs=table.crs)
    back = pd.concat([table, regions.iloc[[0, 2]], drawn], ignore_index=True)
    shown = shown_inventory(back, told, regions.iloc[[1]])
    assert shown.edits[:2] == ('2 removed candidates taken back', '1 landslide added')
    assert shown.rejected['id'].tolist() == [18]


def test_another_crs_is_no_edit():
    table = landslides()
    middles = table.geometry.centroid
    table = table.assign(centroid_x=middles.x, centroid_y=middles.y)
    told = {**summary(table), 'scene': {'crs': 'EPSG:32654'}}
    assert shown_inventory(table, told).edits == ()
    assert shown_inventory(table.to_crs('EPSG:4326'), told).edits == ()
    moved = table.to_crs('EPSG:4326')
    moved.loc[3, 'geometry'] = moved.translate(1e-5)[3]
    assert shown_inventory(moved, told).edits[0].startswith('1 outline changed')


def test_a_drawn_landslide_gets_no_number_of_a_removed_one():
    table, regions = landslides(), rejected()
    drawn = gpd.GeoDataFrame(geometry=[square(50, 140, 10)], crs=table.crs)
    shown = shown_inventory(pd.concat([table, drawn], ignore_index=True), summary(table), regions)
    assert shown.table['id'].iloc[-1] == 20
    assert len(shown.rejected) == 3
    assert shown.edits[0] == '1 landslide added'


@pytest.mark.parametrize(
    'cells', [['True', 'False', None], [1.0, 0.0, np.nan], [True, False, None]]
)
def test_flags_survive_an_empty_cell(cells):
    table = landslides().iloc[:3].assign(touches_edge=cells)
    shown = shown_inventory(table, {}).table
    assert count_true(shown, 'touches_edge') == 1
    assert [row['touches_edge'] for row in largest(shown)] == [None, False, True]
