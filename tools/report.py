"""Write a run's report anew: ``python tools/report.py OUT --post IMAGE --pre IMAGE``."""

import sys

from dfpenet_mm.cli.landslide_map import main

if __name__ == '__main__':
    main(['report', *sys.argv[1:]])
