"""Export a network, as ``landslide-map export`` does: ``python tools/export.py --help``."""

from __future__ import annotations

import sys

from dfpenet_mm.cli.landslide_map import main

if __name__ == '__main__':
    main(['export', *sys.argv[1:]])
