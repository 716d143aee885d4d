# Every recognised region becomes a landslide: to see what the network alone says.
postproc = [
    dict(type='Vectoriser'),
    dict(type='ConsistencyEvaluator'),
]
