"""Evaluate an inventory: ``python tools/evaluate_inventory.py PRED REF --area AREA --out DIR``."""

import sys

from dfpenet_mm.cli.landslide_map import main

if __name__ == '__main__':
    main(['evaluate', *sys.argv[1:]])
