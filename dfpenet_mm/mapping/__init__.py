"""From scene to probability raster: plan windows, predict blocks of them, merge, write.

The parts, in the order in which data moves: ``scene`` (a raster opened and checked), ``scaling``
(its values brought to the training set's), ``aoi`` (the part of it to map), ``windows`` (the plan:
windows, batches, blocks), ``batch_reader`` and ``chips`` (windows read), ``predictor`` (a network
behind one call), ``block`` (its windows blended), ``levels`` (the one form of its probabilities),
``block_file`` and ``block_store`` (blocks kept), ``merger`` (blocks blended), ``assembly`` (blocks
in any order to rows), ``writer`` (rasters), ``cog`` (products), ``mapper`` (all of it).

Who predicts is an ``executor``: ``local_executor`` on this machine, whose ``block_pipeline``
reads ahead in threads. A ``BlockTask`` tells any worker all it needs.
"""
