"""Runs of the command that are stopped on purpose, and what they leave."""

import hashlib
import os
import signal

import pytest

from dfpenet_mm.cli.landslide_map import main

PRODUCTS = ('probability.tif', 'mask.tif', 'landslides.gpkg')


def hashes(out):
    return [hashlib.sha256((out / name).read_bytes()).hexdigest() for name in PRODUCTS]


def fail(arguments, capsys, code=2):
    """Run the command, which must fail; returns what it says."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == code
    return capsys.readouterr().err


def stop_after(monkeypatch, batches, act=lambda: os.kill(os.getpid(), signal.SIGINT)):
    from tests.cli.cheap_network import FirstBand  # noqa: PLC0415 - it registers itself

    predict, calls = FirstBand.__call__, []

    def predict_or_stop(self, chips):
        calls.append(len(chips))
        if len(calls) > batches:
            act()
        return predict(self, chips)

    monkeypatch.setattr(FirstBand, '__call__', predict_or_stop)
    return calls
