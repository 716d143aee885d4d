"""From scene to probability raster: plan windows, predict blocks of them, merge, write.

The parts, in the order in which data moves: ``scene`` (a raster opened and checked),
``scaling`` (its values brought to the training set's), ``windows`` (the plan),
``predictor`` (a network behind one call), ``chips`` and ``block`` (one row of windows predicted),
``merger`` (rows of windows blended), ``writer`` (products), ``mapper`` (all of it).
"""
