# The paper's scheme to the letter: pixels are subtracted, and what is left of a landslide is
# filtered again. The paper doubts no pre-event region, so min_persistence is 0, and subtracts
# however much was recognised before the event: snow that reads as landslide deletes true ones,
# and the run only warns. The evaluator stands behind every stage, as the rows of Tables 4 and 5
# do; only the last writes files.
postproc = [
    dict(type='ConsistencyEvaluator', filename=None),
    dict(type='GeologicFilter', area_factor=25),
    dict(type='ConsistencyEvaluator', filename=None),
    dict(type='TemporalDifference', mode='pixel', min_persistence=0, untrusted='subtract'),
    dict(type='GeologicFilter', area_factor=25),
    dict(type='Vectoriser'),
    dict(type='ConsistencyEvaluator'),
]
