"""Commands: they parse, call the library, and say where the result is."""

from dfpenet_mm.installation import OwnPostproc

# The one place where this package meets ``postproc``, of which a script may have a neighbour.
OwnPostproc.install()
