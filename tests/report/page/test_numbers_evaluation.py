from dfpenet_mm.report.page.numbers import evaluation_file, evaluations


def hook(name, before=10, after=10):
    return {'hook': name, 'regions_in': before, 'regions_out': after}


def test_every_evaluator_is_named_by_the_filter_before_it():
    summary = {
        'hooks': [
            hook('ConsistencyEvaluator'),
            hook('GeologicFilter', 10, 8),
            hook('ConsistencyEvaluator'),
            hook('Vectoriser'),
            hook('TemporalDifference', 8, 7),
            hook('ConsistencyEvaluator'),
        ],
        'evaluation': {
            name: {'files': [f'{stem}.gpkg', f'{stem}.tif'], 'recall_by_size': []}
            for name, stem in (
                ('ConsistencyEvaluator', 'evaluation'),
                ('ConsistencyEvaluator_2', 'evaluation_2'),
                ('ConsistencyEvaluator_3', 'evaluation_3'),
            )
        },
    }
    assert [row['stage'] for row in evaluations(summary)] == [
        'recognition alone',
        'after GeologicFilter',
        'after TemporalDifference',
    ]
    assert evaluation_file(summary, '.tif') == 'evaluation_3.tif'
    assert evaluation_file(summary, '.png') is None


def test_without_a_reference_there_is_nothing():
    assert evaluations({'evaluation': None}) == []
    assert evaluation_file({}, '.tif') is None
