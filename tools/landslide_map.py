"""Map landslides: ``python tools/landslide_map.py CONFIG CHECKPOINT --post POST.tif --out DIR``."""

from dfpenet_mm.cli.landslide_map import main

if __name__ == '__main__':
    main()
