"""From scene to probability raster: plan windows, predict blocks of them, merge, write.

The folders, in the order in which data moves: ``scene`` (a raster opened, checked, scaled and
read), ``plan`` (windows, batches, blocks and weights), ``network`` (a network behind one call),
``blocks`` (windows blended and kept), ``executors`` (who predicts the blocks), ``products``
(blocks to rows to rasters). ``mapper`` is all of it; a ``BlockTask`` tells any worker all it needs.
"""
