"""PyTorch and its relatives for the commands that train, or one sentence where they are missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dfpenet_mm.cli.refusals import exit_on_user_error
from dfpenet_mm.installation import quiet_libraries, require_training


@contextmanager
def training_libraries() -> Iterator[None]:
    """Import quietly what only the extra ``train`` installs; exits with code 2 without it."""
    with exit_on_user_error(debug=False):
        require_training(Path(sys.argv[0]).name)
    with quiet_libraries():
        yield
