from dfpenet_mm.cli.end_of_run import findings
from postproc.evaluation.scores import Counts

SUMMARY = {
    'predicted': 'landslides.gpkg',
    'predicted_landslides': 712,
    'grid': {'from': None, 'rows': 8, 'cols': 9, 'gsd_m': 1.5, 'crs': 'EPSG:32648'},
    'evaluation': {
        'reference': 'reference.shp',
        'reference_landslides': 594,
        'area': 'surveyed.gpkg',
        'pixels': Counts(915_698, 55_853, 20_753).as_dict(),
        'pixels_without_boundary': None,
        'landslides': Counts(526, 186, 68).as_dict(),
        'split_reference_landslides': 3,
        'merged_predicted_landslides': 2,
        'recall_by_size': [
            {'from_m2': 0, 'to_m2': 100, 'landslides': 0, 'found': 0, 'recall': None},
            {'from_m2': 100, 'to_m2': None, 'landslides': 594, 'found': 526, 'recall': 0.8},
        ],
    },
}


def test_first_rows_of_tables_4_and_5():
    lines = list(findings(SUMMARY))

    assert lines == [
        '712 landslides of landslides.gpkg against 594 of reference.shp in surveyed.gpkg',
        '  grid derived: 8 x 9 pixels of 1.5 m, EPSG:32648',
        '  pixels: tp 915698, fp 55853, fn 20753, precision 94.25%, recall 97.78%, f1 95.99%, '
        'iou 92.28%',
        '  landslides: tp 526, fp 186, fn 68, precision 73.88%, recall 88.55%, f1 80.55%, '
        'iou 67.44%',
        '  3 reference landslides in several predicted ones, 2 predicted ones over several of the '
        'reference',
        '  100 m2 to more: 526 of 594 found',
    ]


def test_tolerance_and_unknown_ratios_are_told():
    tolerant = {'tolerance_px': 2, 'fp_left_out': 5, 'fn_left_out': 2} | Counts(0, 0, 1).as_dict()
    evaluation = SUMMARY['evaluation'] | {'pixels_without_boundary': tolerant, 'area': None}
    grid = SUMMARY['grid'] | {'from': 'mask.tif'}

    lines = list(findings(SUMMARY | {'evaluation': evaluation, 'grid': grid}))

    assert lines[0].endswith('of reference.shp')
    assert lines[1].startswith('  grid of mask.tif: ')
    assert lines[3] == (
        '  pixels but 7 wrong ones within 2 of a boundary: tp 0, fp 0, fn 1, precision n/a, '
        'recall 0.00%, f1 0.00%, iou 0.00%'
    )
