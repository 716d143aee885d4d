"""Evaluate an inventory: ``python tools/evaluate_inventory.py PRED REF --area AREA --out DIR``."""

from dfpenet_mm.cli.evaluate_inventory import main

if __name__ == '__main__':
    main()
