"""Map landslides: ``python tools/landslide_map.py --post AFTER.tif --pre BEFORE.tif``."""

from dfpenet_mm.cli.landslide_map import main

if __name__ == '__main__':
    main()
