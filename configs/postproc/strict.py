# Fewer false alarms, at the price of small and of very long landslides: twice the paper's minimum
# area, no region eight times as long as wide (roads, river banks), and a landslide counts as
# older than the event when a third of it was there before. The limits are ours, not the paper's.
postproc = [
    dict(type='GeologicFilter', area_factor=50, max_lw_ratio=8),
    dict(type='TemporalDifference', mode='object', max_pre_share=0.33),
    dict(type='Vectoriser'),
    dict(type='InventoryStatistics'),
    dict(type='ConsistencyEvaluator'),
]
