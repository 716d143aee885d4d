# Map scenes of 1.5 to 20 m pixels with a network trained on _base_/datasets/all_sizes.py: as for
# Landslide4Sense's, whose values all of its samples have.
_base_ = ['sentinel2_landslide4sense.py']
mapping = dict(gsd_range=(1.5, 20))
