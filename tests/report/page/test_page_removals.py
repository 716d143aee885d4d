from dfpenet_mm.report.page.page import reasons, removals
from tests.report.page.generated_run import rejected


def record(hook, before, after, area=0.0):
    return {
        'hook': hook,
        'regions_in': before,
        'regions_out': after,
        'area_m2_in': 1000.0,
        'area_m2_out': 1000.0 - area,
    }


def test_filters_are_listed_and_whatever_else_removed_something():
    hooks = [
        record('GeologicFilter', 712, 573, 300.0),
        record('TemporalDifference', 573, 573),
        record('Vectoriser', 573, 573),
        record('SiteHook', 573, 572, 5.0),
    ]
    results = {'TemporalDifference': {'pre_event': True, 'trusted': False}}
    rows = removals({'hooks': hooks, 'results': results})
    assert [(row['hook'], row['regions'], row['area_m2']) for row in rows] == [
        ('GeologicFilter', 139, 300.0),
        ('TemporalDifference', 0, 0.0),
        ('SiteHook', 1, 5.0),
    ]
    assert 'not plausible' in rows[1]['note']
    assert rows[2]['meaning'] == 'Site hook'


def test_without_a_pre_event_image_the_difference_says_so():
    hooks = [record('TemporalDifference', 5, 5)]
    (row,) = removals({'hooks': hooks, 'results': {'TemporalDifference': {'pre_event': False}}})
    assert row['note'] == 'no pre-event image was given'
    assert removals({}) == []


def test_reasons_that_differ_in_numbers_only_are_one_kind():
    table = rejected()
    table.loc[2, 'reason'] = 'ratio 7.5 is above 6'
    rows = reasons(table)
    assert [(row['regions'], row['reason']) for row in rows] == [
        (2, 'area … m2 is below … m2'),
        (1, 'ratio … is above …'),
    ]
    assert rows[0]['area_m2'] == 800.0
    assert reasons(None) == []
