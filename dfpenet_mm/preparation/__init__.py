"""From raw downloads and GIS files to the folders that the data sets read."""
