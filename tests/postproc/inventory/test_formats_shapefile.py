import csv
import json

import geopandas as gpd

from postproc.inventory.fields import ALL_FIELDS
from postproc.inventory.formats import short_names, write_inventory


def test_all_parts_and_the_key_are_there(layers, tmp_path):
    files = write_inventory(layers, tmp_path, ['landslides.shp'], {'command': 'x'})

    stems = ('landslides', 'landslides_rejected', 'landslides_headscarps')
    parts = [f'{stem}{end}' for stem in stems for end in ('.shp', '.shx', '.dbf', '.prj', '.cpg')]
    origin = 'landslides_provenance.json'
    assert files == sorted([*parts, *(f'{stem}_fields.csv' for stem in stems), origin])
    assert json.loads((tmp_path / origin).read_text(encoding='utf-8')) == {'command': 'x'}
    with (tmp_path / 'landslides_fields.csv').open(encoding='utf-8') as file:
        key = list(csv.DictReader(file))
    columns = [name for name in layers[0].table if name != 'geometry']
    assert [row['field'] for row in key] == columns
    found = gpd.read_file(tmp_path / 'landslides.shp')
    assert [row['shapefile_field'] for row in key] == list(found.columns[:-1])
    assert key[1] == {
        'shapefile_field': 'area_m2',
        'field': 'area_m2',
        'unit': 'm2',
        'meaning': 'area in map view, holes left out',
    }
    assert key[-1]['unit'] == key[-1]['meaning'] == ''


def test_stale_side_files_of_other_programs_go(layers, tmp_path):
    for name in ('landslides.sbn', 'landslides.qix', 'landslides.shp.xml', 'other.sbn'):
        (tmp_path / name).write_text('stale')

    write_inventory(layers[:1], tmp_path, ['landslides.shp'], {})

    suffixes = {path.suffix for path in tmp_path.iterdir()}
    assert suffixes - {'.csv', '.json'} == {
        '.shp',
        '.shx',
        '.dbf',
        '.prj',
        '.cpg',
        '.sbn',
    }
    assert (tmp_path / 'other.sbn').exists()


def test_short_names_differ_even_in_capitals():
    names = ['slope_median', 'slope_median_of_all', 'SLOPE_MEDI', 'area_m2', 'Area_M2', 'x']

    short = short_names(names)

    assert list(short) == names
    assert short['slope_median'] == 'slope_medi'
    assert short['area_m2'] == 'area_m2'
    assert len({name.lower() for name in short.values()}) == len(names)
    assert all(len(name) <= 10 for name in short.values())
    many = short_names([f'a_long_field_name_{number}' for number in range(120)])
    assert len(set(many.values())) == 120
    assert all(len(name) <= 10 for name in many.values())


def test_our_own_names_are_those_of_the_table():
    assert short_names(field.name for field in ALL_FIELDS) == {
        field.name: field.short for field in ALL_FIELDS
    }
