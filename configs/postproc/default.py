# The paper's scheme (section 3.3), with whole landslides compared before and after the event.
# The area filter comes first, so that the difference is not asked about specks. No second filter
# follows: in object mode the difference takes whole landslides and leaves no slivers to remove.
# The evaluator is last, so that its figures are those of the inventory as written.
postproc = [
    dict(type='GeologicFilter', area_factor=25),
    dict(type='TemporalDifference', mode='object'),
    dict(type='Vectoriser'),
    dict(type='InventoryStatistics'),
    dict(type='ConsistencyEvaluator'),
]
