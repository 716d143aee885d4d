from postproc.registry import free_stem


def test_stems_of_earlier_hooks_are_taken():
    assert free_stem(None, {}) is None
    assert free_stem('evaluation', {}) == 'evaluation'
    results = {
        'One': {'files': ['evaluation.gpkg', 'evaluation_2.tif']},
        'Two': {'file': 'landslides.gpkg'},
        'Three': 5,
    }
    assert free_stem('evaluation', results) == 'evaluation_3'
    assert free_stem('landslides', results) == 'landslides_2'
    assert free_stem('statistics', results) == 'statistics'
