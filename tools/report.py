"""Write a run's report anew: ``python tools/report.py OUT --post IMAGE --pre IMAGE``."""

from dfpenet_mm.cli.report import main

if __name__ == '__main__':
    main()
