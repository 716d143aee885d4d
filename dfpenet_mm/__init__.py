"""Dense feature pyramid networks and a mapping engine for co-seismic landslides."""

__version__ = '0.1.0'
