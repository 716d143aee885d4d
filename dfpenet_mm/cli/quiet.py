"""Keep what libraries say to each other out of a command's output."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator

# Modules of the libraries whose advice concerns the network's internals, not its user.
LIBRARIES = r'(mmcv|mmseg|mmengine|torch|torchvision)\.'


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Import and call libraries without their remarks.

    Importing mmseg prints to stdout, which belongs to the result: what the block prints there
    is dropped. Warnings of ``LIBRARIES`` are ignored from here to the end of the process,
    as they may still be given by what was built in the block.
    """
    warnings.filterwarnings('ignore', module=LIBRARIES)
    with contextlib.redirect_stdout(io.StringIO()):
        yield
