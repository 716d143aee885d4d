"""A lesson whose process is killed as soon as it calls a function; run with ``python -m``."""

import os
import sys
from importlib import import_module
from pathlib import Path
from signal import SIGKILL

from dfpenet_mm.teaching import training
from dfpenet_mm.teaching.request import TeachRequest

# Let the tiny network, which begins with no knowledge, learn in a few steps.
QUICK = {'RATE': 0.01, 'PULL': 0.1}


def request(folder, review, out, **more):
    values = {
        'post': folder / 'post.tif',
        'inventory': review,
        'config': folder / 'config.py',
        'checkpoint': folder / 'weights.pth',
        'steps': 60,
        'pictures': False,
        'device': 'cpu',
    }
    return TeachRequest(**{**values, 'out': out, **more})


def main(place, *paths):
    module, _, name = place.rpartition('.')
    setattr(import_module(module), name, lambda *_, **__: os.kill(os.getpid(), SIGKILL))
    for constant, value in QUICK.items():
        setattr(training, constant, value)
    import_module('dfpenet_mm.teaching.teach').teach(request(*map(Path, paths)))


if __name__ == '__main__':
    main(*sys.argv[1:])
