"""Landslides: a Processing provider for QGIS that runs the command ``landslide-map``.

It imports the standard library and PyQGIS alone, and works under any folder name.
"""


def classFactory(iface):  # noqa: D103, ARG001
    from .plugin import LandslidesPlugin  # noqa: PLC0415 - tests import the package without QGIS

    return LandslidesPlugin()
