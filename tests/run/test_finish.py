"""A reviewed run finished."""

import json
import os
import shutil
import sqlite3
import zipfile
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely

from dfpenet_mm.errors import ConfigError, DfpenetError, InputFileError, VectorFormatError
from dfpenet_mm.run import folder, renewed_pictures
from dfpenet_mm.run.finish import finish_run
from dfpenet_mm.run.folder import complete_finish
from tests.run.reviewed_run import SIDE, drawn, edit, read, square, write, write_run


@pytest.fixture(scope='session')
def finished_mapping(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp('mapped')).parent


@pytest.fixture
def out(finished_mapping, tmp_path, monkeypatch):
    """A run to edit; finishing it draws no pictures, which others test."""
    monkeypatch.setattr(renewed_pictures, 'write_pictures', lambda *_, **__: [])
    monkeypatch.setenv('OGR_SQLITE_SYNCHRONOUS', 'OFF')
    shutil.copytree(finished_mapping, tmp_path / 'run')
    return tmp_path / 'run' / 'out'


def content(place):
    files = (path for path in place.rglob('*') if path.is_file())
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files}


def by_number(out, layer='landslides'):
    return read(out, layer).set_index('id')


def summary(out):
    return json.loads((out / 'summary.json').read_text())


def test_states_numbers_and_measures_after_all_kinds_of_edits(out):
    table = read(out).set_index('id', drop=False)
    table.loc[1, ['review', 'reviewer']] = 'confirmed', 'A. Ant'
    table.loc[2, ['review', 'comment']] = 'rejected', 'a quarry'
    # Moved by three pixels; split into six and four columns; deleted.
    table.loc[3, 'geometry'] = square(26, 13)
    pieces = table.loc[[4, 4]].assign(geometry=[square(38, 46, cols=4), square(38, 40, cols=6)])
    table = pd.concat([table.drop([4, 5]), pieces, drawn(square(10, 70, 2, 2))])
    write(out, table)

    done = finish_run(out)

    assert done.changed
    now = by_number(out)
    assert now['review'].to_dict() == {
        1: 'confirmed', 3: 'edited', 4: 'edited', 6: 'edited', 7: 'added'
    }  # fmt: skip
    assert now['area_m2'].to_dict() == {1: 10_000, 3: 10_000, 4: 6_000, 6: 4_000, 7: 400}
    # Seven of ten columns still lie on what the network found.
    np.testing.assert_allclose(now.loc[3, 'mean_probability'], 0.7 * 0.75 + 0.3 * 0.1, atol=1e-6)
    assert now.loc[3, 'centroid_x'] == 500_000 + 10 * (13 + SIDE / 2)
    assert now.loc[6, 'length_m'] == 100
    known = ['lon', 'lat', 'perimeter_m', 'compactness', 'reviewed_at', 'touches_edge']
    assert now.loc[[1, 3, 4, 6, 7], known].notna().all(axis=None)
    gone = by_number(out, 'rejected')
    assert gone['reason'].to_dict() == {
        2: 'rejected by the analyst: a quarry',
        5: 'deleted by the analyst',
    }
    assert set(gone['hook']) == {'review'}


def test_everything_handed_over_is_renewed(out):
    edit(out, n1='confirmed', n2='rejected')

    done = finish_run(out, formats=['geojson', 'csv', 'kmz'])

    told = summary(out)
    assert told['totals']['landslides'] == told['results']['InventoryStatistics']['landslides'] == 4
    assert told['totals']['rejected'] == 1
    assert told['review']['run_totals']['landslides'] == 5
    assert told['results']['Review']['states']['confirmed'] == 1
    assert told['results']['Review']['mark'] == 'reviewed in part: 1 of 4 landslides'
    with rasterio.open(out / 'mask.tif') as mask:
        pixels = mask.read(1)
    assert (pixels == 1).sum() == 400
    assert (pixels[:, :3] == 255).all()
    assert len(gpd.read_file(out / 'landslides.geojson')) == 4
    rows = pd.read_csv(out / 'landslides.csv')
    assert rows['id'].tolist() == [1, 3, 4, 5]
    assert 'geometry' not in rows
    assert all(path.is_file() for path in done.files)
    assert {'original.gpkg', 'landslides.kmz', 'mask.tif'} <= {path.name for path in done.files}
    # As a virtual globe lists it.
    with zipfile.ZipFile(out / 'landslides.kmz') as kmz:
        kml = b''.join(kmz.read(name) for name in kmz.namelist() if name.endswith('.kml'))
    assert b'<name>landslides, reviewed in part, 1 of 4 landslides</name>' in kml
    assert len(read(out.parent / 'out', 'landslides')) == 4
    assert len(gpd.read_file(out / 'original.gpkg', layer='landslides')) == 5


def test_numbers_that_a_program_has_lost_come_back(out):
    edit(out, n2='confirmed')
    write(out, read(out).to_crs('EPSG:4326')[['review', 'geometry']])
    finish_run(out)
    assert by_number(out)['review'].to_dict() == {
        1: 'unreviewed', 2: 'confirmed', 3: 'unreviewed', 4: 'unreviewed', 5: 'unreviewed'
    }  # fmt: skip


def test_ground_that_is_landslide_and_rejected_is_refused(out):
    table = read(out)
    again = table[table['id'] == 1].assign(review='rejected', id=None)
    table.loc[table['id'] == 1, 'review'] = 'confirmed'
    write(out, pd.concat([table, again]))
    before = content(out)
    with pytest.raises(VectorFormatError, match='the same ground landslide and rejected, 1 times'):
        finish_run(out)
    assert content(out) == before


def test_finishing_again_changes_no_byte(out):
    edit(out, n1='confirmed', n2='rejected')
    finish_run(out, formats=['geojson'])
    before = content(out)

    assert not finish_run(out, formats=['geojson']).changed
    assert content(out) == before
    # Also where the file was opened and saved, so that all is measured anew.
    told = summary(out)
    told['review']['inventory_sha256'] = ''
    (out / 'summary.json').write_text(json.dumps(told))
    assert finish_run(out).changed
    assert content(out) == before


def test_a_second_review_goes_on_from_the_first(out):
    write(out, pd.concat([read(out), drawn(square(10, 70, 2, 2))]))
    finish_run(out)
    table = read(out)
    write(out, pd.concat([table[table['id'] != 6], drawn(square(20, 70, 2, 2))]))
    finish_run(out, reviewer='B. Bee')

    # A number is never given twice.
    assert by_number(out).index.tolist() == [1, 2, 7, 3, 4, 5]
    assert by_number(out).loc[7, 'reviewer'] == 'B. Bee'
    assert len(gpd.read_file(out / 'original.gpkg', layer='landslides')) == 5


def test_merged_landslides_keep_one_number_and_nothing_was_deleted(out):
    table = read(out).set_index('id', drop=False)
    table.loc[1, 'geometry'] = shapely.union_all([square(2, 10), square(26, 10), square(2, 10, 34)])
    write(out, table.drop(3))
    finish_run(out)

    assert by_number(out)['review'].to_dict()[1] == 'edited'
    assert 3 not in by_number(out).index
    assert 'rejected' not in summary(out)['results']['Vectoriser']['layers']


def test_a_rejected_region_is_taken_back_with_its_number(out):
    edit(out, n2='rejected')
    finish_run(out)
    back = read(out, 'rejected').drop(columns=['hook', 'reason', 'review'])
    write(out, pd.concat([read(out), back]))
    done = finish_run(out)

    assert '1 rejected region taken back as landslides' in done.notes
    assert by_number(out).loc[2, 'review'] == 'confirmed'
    assert summary(out)['totals']['rejected'] == 0


def test_of_an_overlap_the_drawn_outline_stays_whole(out):
    write(out, pd.concat([read(out), drawn(square(7, 15), review=['added'])]))
    done = finish_run(out)

    areas = by_number(out)['area_m2']
    assert (areas[1], areas[6]) == (7_500, 10_000)
    assert any('see landslides 1, 6' in note for note in done.notes)


def test_broken_and_empty_outlines_are_mended_and_left_out(out):
    tie = shapely.Polygon([(500_700, 4_699_900), (500_740, 4_699_860), (500_740, 4_699_900),
                           (500_700, 4_699_860)])  # fmt: skip
    line = shapely.LineString([(500_700, 4_699_500), (500_740, 4_699_500)])
    write(out, pd.concat([read(out), drawn(tie, line.buffer(0), None)]))
    done = finish_run(out)

    assert by_number(out).loc[6, 'area_m2'] == pytest.approx(800)
    assert '1 broken outline in the layer landslides mended' in done.notes
    assert '2 rows without an area in the layer landslides left out' in done.notes


def test_a_file_saved_in_another_crs_comes_back_in_that_of_the_scene(out):
    edit(out, n1='confirmed')
    write(out, read(out).to_crs('EPSG:4326'))
    finish_run(out)

    assert read(out).crs == 'EPSG:32654'
    assert by_number(out)['review'].tolist() == ['confirmed', *['unreviewed'] * 4]
    np.testing.assert_allclose(by_number(out)['area_m2'], 10_000, rtol=1e-5)


def test_reviewed_ground_and_confirmed_places(out):
    write(out, drawn(square(0, 3, 60, 40)), 'reviewed_area')
    places = read(out, 'places_to_check')
    places.loc[0, 'review'] = 'confirmed'
    write(out, places, 'places_to_check')
    finish_run(out, reviewer='A. Ant')

    area = read(out, 'reviewed_area')
    assert area['reviewer'].tolist() == ['A. Ant', 'A. Ant']
    assert area['reviewed_at'].notna().all()
    assert len(read(out, 'places_to_check')) == len(places) - 1
    told = summary(out)['results']['Review']
    assert told['share_of_ground'] >= 40 / 77
    # Two of the five stand there, and are looked at last.
    assert told['reviewed'] == 2
    assert by_number(out).loc[[1, 3], 'review_order'].min() > len(places)


def test_an_old_run_without_columns_of_a_review(out):
    (out / 'original.gpkg').unlink()
    plain = read(out).drop(columns=['review', 'reviewer', 'reviewed_at', 'comment', 'review_order'])
    (out / 'landslides.gpkg').unlink()
    plain.to_file(out / 'landslides.gpkg', layer='landslides')
    before = (out / 'landslides.gpkg').read_bytes()
    finish_run(out)

    assert by_number(out)['review'].tolist() == ['unreviewed'] * 5
    assert by_number(out)['review_order'].is_unique
    assert len(read(out, 'reviewed_area')) == 0
    assert (out / 'original.gpkg').read_bytes() == before


@pytest.mark.parametrize(
    ('spoil', 'message'),
    [
        (lambda out: edit(out, n2='perhaps'), "landslide 2 has the state 'perhaps'"),
        (lambda out: write(out, drawn(square(600, 0)), 'reviewed_area'), 'lies beside the scene'),
        (lambda out: (out / 'summary.json').unlink(), 'holds no summary.json, so it is no folder'),
        (lambda out: (out / 'landslides.gpkg').unlink(), 'landslides.gpkg is missing'),
        (lambda out: (out / 'landslides.gpkg').write_bytes(b'no database at all' * 99), 'cannot'),
        (lambda out: (out / 'mask.tif').unlink(), 'mask.tif is missing'),
        (lambda out: (out.parent / 'post.tif').unlink(), 'say where it is with --post'),
        (lambda out: (out.parent / 'post.tif').write_bytes(b'another'), 'is not the image'),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_nothing_is_lost(out, spoil, message):
    edit(out, n1='confirmed')
    spoil(out)
    before = content(out)

    with pytest.raises(DfpenetError, match=message) as error:
        finish_run(out)
    assert '\n' not in str(error.value)
    assert content(out) == before


def test_no_run_and_no_format(tmp_path, out):
    with pytest.raises(InputFileError, match='is no folder'):
        finish_run(tmp_path / 'nowhere')
    with pytest.raises(ConfigError, match="'dxf' is no format"):
        finish_run(out, formats=['dxf'])


def test_a_file_that_is_open_elsewhere(out):
    database = sqlite3.connect(out / 'landslides.gpkg')
    database.execute('PRAGMA journal_mode = WAL')
    database.execute('SELECT count(*) FROM landslides').fetchone()
    with pytest.raises(InputFileError, match='is open in another program, as in QGIS'):
        finish_run(out)
    database.close()
    assert finish_run(out).changed


def test_edits_while_it_is_read_end_it(out, monkeypatch):
    def edited_meanwhile(*_, **__):
        edit(out, n3='confirmed')
        return []

    monkeypatch.setattr(renewed_pictures, 'write_pictures', edited_meanwhile)
    with pytest.raises(InputFileError, match='was edited while it was read'):
        finish_run(out)
    assert by_number(out).loc[3, 'review'] == 'confirmed'
    assert not list(out.glob('.*'))


def test_killed_before_and_while_the_products_move(out, monkeypatch):
    edit(out, n2='rejected')
    before = content(out)

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(renewed_pictures, 'write_pictures', killed)
        with pytest.raises(KeyboardInterrupt):
            finish_run(out)
    assert content(out) == before

    moves = []

    def move(source, target):
        if len(moves) == 2:
            raise KeyboardInterrupt
        moves.append(target)
        os.replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(folder, 'os', SimpleNamespace(replace=move, path=os.path))
        with pytest.raises(KeyboardInterrupt):
            finish_run(out)
    # The next command, whichever it is, goes on.
    complete_finish(out)
    assert summary(out)['totals']['landslides'] == len(read(out)) == 4
    assert not (out / '.finishing').exists()
    assert not finish_run(out).changed


def test_states_outside_of_any_state_are_told_of_places_too(out):
    places = read(out, 'places_to_check').assign(review='seen')
    write(out, places, 'places_to_check')
    with pytest.raises(VectorFormatError, match='seen'):
        finish_run(out)
