"""Dense feature pyramid networks and a mapping engine for co-seismic landslides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dfpenet_mm.api import audit_draw, audit_estimate, finish, map_landslides, teach

__version__ = '0.1.0'
__all__ = ['audit_draw', 'audit_estimate', 'finish', 'map_landslides', 'teach']


def __getattr__(name: str) -> Any:
    """Load the functions for programs when they are first asked for."""
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from dfpenet_mm import api  # noqa: PLC0415

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
