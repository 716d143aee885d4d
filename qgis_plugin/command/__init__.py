"""The command ``landslide-map`` as another program runs it; nothing here needs QGIS."""
