"""The root of every error a user can cause, and its branches.

A message is one sentence: what came, what is wanted, how to mend it. Command lines
print it on stderr and end with its ``exit_code``; a library caller catches the class.
"""

EXIT_CODE = 2
# Of a command that only the network has stopped: the same may work later.
NETWORK_CODE = 3
# GDAL puts whole SQL statements into its messages.
CAUSE_LENGTH = 150


class DfpenetError(Exception):
    """Something the user can mend: a file, an option, a config value."""

    exit_code = EXIT_CODE


class InputFileError(DfpenetError):
    """A file is missing, or the library that should read it cannot."""


class RasterFormatError(DfpenetError):
    """A raster opens, but its bands, type or georeference do not serve."""


class GridMismatchError(DfpenetError):
    """Two rasters that must share or overlap a grid do not."""


class EmptySceneError(DfpenetError):
    """A raster holds no valid pixel."""


class ConfigError(DfpenetError):
    """A config lacks a setting, or a value is outside its range."""


class CheckpointError(DfpenetError):
    """A weights file does not load safely, or does not fit its network."""


class OutputError(DfpenetError):
    """The output folder cannot take the products."""


class InstallError(DfpenetError):
    """The installed packages cannot work together, or lack a system library."""


class TrainingError(DfpenetError):
    """A network learns nothing any more: its loss or its weights are no numbers."""


class PredictionError(DfpenetError):
    """A network returns something that is no probability, or what runs it keeps dying."""


class VectorFormatError(DfpenetError):
    """A vector file opens, but its layers, geometries or CRS do not serve."""


class NetworkError(DfpenetError):
    """A server cannot be reached, refuses, or breaks off."""

    exit_code = NETWORK_CODE


class ImageryError(DfpenetError):
    """No image, event or area as asked for, or one whose values contradict its description."""


class PreEventError(DfpenetError):
    """The pre-event image contradicts the post-event one too much to be subtracted."""


def brief(error: Exception) -> str:
    """Return the first line of an error's message, cut to ``CAUSE_LENGTH`` characters.

    Where rasterio only points at the exception before, it is that one's message.
    """
    if 'See previous exception' in str(error) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    message = str(getattr(error, 'strerror', None) or error) or type(error).__name__
    line = message.splitlines()[0]
    return line if len(line) <= CAUSE_LENGTH else f'{line[: CAUSE_LENGTH - 3]}...'
