# strict.py, and no landslide on level ground: wants a DEM, --dem PATH. River beds, quarries and
# fields read as landslides and are flat; a landslide's own deposit is too, hence the median and
# not the minimum. The limits are ours, not the paper's: look at the layer 'rejected' before
# keeping them for another region. Plants are met by a rule with layer='ndvi', which wants a
# raster with red and near-infrared bands, see postproc/rules/layer_rule.py.
postproc = [
    dict(
        type='GeologicFilter',
        area_factor=50,
        max_lw_ratio=8,
        rules=[dict(layer='slope', statistic='median', min=8)],
    ),
    dict(type='TemporalDifference', mode='object', max_pre_share=0.33),
    dict(type='Vectoriser'),
    dict(type='InventoryStatistics'),
    dict(type='ConsistencyEvaluator'),
]
