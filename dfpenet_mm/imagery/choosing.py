"""The images that are taken: soon after the event and clear, and alike before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from dfpenet_mm.errors import ImageryError, NetworkError
from dfpenet_mm.imagery.clearness import Look, Looker, Seen, laid_over
from dfpenet_mm.imagery.items import Overpass, SourceItem, overpasses
from dfpenet_mm.wording import counted

# Overpasses that are laid over each other, at most, and the share of the area that one must add.
MOST_LAYERS, LEAST_GAIN = 3, 0.02
# Below this share of clear ground nothing can be mapped.
LEAST_CLEAR = 0.02
# Overpasses that are looked at before the best of them is taken.
MOST_LOOKS = 40
# Before the event: so many days, and as many on either side of the day a year earlier.
BEFORE_DAYS, SEASON_DAYS, YEAR_DAYS = 60, 45, 365.25
# What a year's distance counts in days of season: forests are felled, and grow.
YEAR_COUNTS = 15.0


@dataclass(frozen=True, eq=False)
class Choice:
    """Overpasses that make one image, the first one on top.

    Args:
        looks: of what was chosen.
        seen: all of what was looked at, for a table.
        why: in words.
    """

    looks: Sequence[Look]
    seen: Sequence[Look] = field(default_factory=list)
    why: str = ''

    @property
    def items(self) -> list[SourceItem]:
        """The images, those on top first."""
        return [item for look in self.looks for item in look.overpass.items]

    @property
    def clear(self) -> float:
        """Share of the area that they show clearly together."""
        together = self.looks[0].seen
        for look in self.looks[1:]:
            together = laid_over(together, look.seen)
        return float((together[self.looks[0].inside] == Seen.CLEAR).mean())


def pre_periods(event: datetime) -> list[tuple[datetime, datetime]]:
    """Return the times in which an image before an event is looked for: start and end."""
    year, season = timedelta(days=YEAR_DAYS), timedelta(days=SEASON_DAYS)
    return [
        (event - timedelta(days=BEFORE_DAYS), event),
        (event - year - season, event - year + season),
    ]


def season_distance(time: datetime, event: datetime) -> float:
    """Return how far a time lies from an event's season, days; years before count a little."""
    days = abs((event - time).total_seconds()) / 86_400
    years = round(days / YEAR_DAYS)
    return abs(days - years * YEAR_DAYS) + years * YEAR_COUNTS


def choose_post(
    looker: Looker, items: Iterable[SourceItem], *, max_cloud: float, every: bool = False
) -> Choice:
    """Choose images after an event: the first that is clear, or the clearest mosaic.

    Args:
        looker: at the area.
        items: images after the event.
        max_cloud: share of the area that may be hidden.
        every: look at all of them, for a table.

    Raises:
        ImageryError: if none of them shows ground.
        NetworkError: if that is because their server fails.
    """
    passes = list(overpasses(items))
    return _choose(looker, passes, 1 - max_cloud, every=every, first='the first clear one')


def choose_pre(
    looker: Looker,
    items: Iterable[SourceItem],
    *,
    event: datetime,
    orbit: int | None,
    max_cloud: float,
    every: bool = False,
) -> Choice:
    """Choose images before an event: of its season, and of the same orbit if there are.

    Args:
        looker: at the area.
        items: images before the event.
        event: its time.
        orbit: that of the image after it; None if not known.
        max_cloud: share of the area that may be hidden.
        every: look at all of them, for a table.

    Raises:
        ImageryError: if none of them shows ground.
        NetworkError: if that is because their server fails.
    """

    def distance(found: Overpass) -> tuple[bool, float]:
        return orbit is not None and found.orbit != orbit, season_distance(found.time, event)

    ordered = sorted(overpasses(items), key=distance)
    first = 'the clear one of the same orbit, or else of any, that is nearest in season'
    return _choose(looker, ordered, 1 - max_cloud, every=every, first=first)


def choose_named(
    looker: Looker, items: Sequence[SourceItem], names: Sequence[str], option: str
) -> Choice:
    """Take the images that a person has chosen, those named first on top.

    Args:
        looker: at the area.
        items: images found.
        names: of those wanted.
        option: by which they were given.

    Raises:
        ImageryError: if one was not found, cannot be used, or none shows the area.
        NetworkError: if their server fails.
    """
    by_name = {item.id: item for item in items}
    looks = []
    for name in names:
        if name not in by_name:
            raise ImageryError(
                f'{option} {name} is not among the {counted(len(items), "image")} found; see '
                f'--dry-run, or widen the dates with --post-dates or --pre-dates'
            )
        look = looker.look(Overpass((by_name[name],)))
        if look is None:
            raise looker.refused[name]
        looks.append(look)
    choice = Choice(looks, looks, f'as chosen with {option}')
    if choice.clear < LEAST_CLEAR and not any(look.shares['covered'] for look in looks):
        raise ImageryError(
            f'{option} {", ".join(names)} shows nothing of the area; see --dry-run for others'
        )
    return choice


def _choose(
    looker: Looker, passes: Sequence[Overpass], goal: float, *, every: bool, first: str
) -> Choice:
    seen: list[Look] = []
    taken: Look | None = None
    for overpass in passes[:MOST_LOOKS]:
        look = looker.look(overpass)
        if look is None:
            continue
        seen.append(look)
        if taken is None and look.shares['clear'] >= goal:
            taken = look
            if not every:
                break
    if taken:
        return Choice([taken], seen, first)
    if not seen or max(look.shares['clear'] for look in seen) < LEAST_CLEAR:
        raise _nothing(looker, passes, seen)
    return Choice(_layers(seen, goal), seen, 'the clearest, filled up by others')


def _layers(seen: Sequence[Look], goal: float) -> list[Look]:
    """Lay the clearest overpass on top, and below it those that add most."""
    chosen = [max(seen, key=lambda look: look.shares['clear'])]
    together, inside = chosen[0].seen, chosen[0].inside
    while len(chosen) < MOST_LAYERS and _clear(together, inside) < goal:
        rest = [look for look in seen if look not in chosen]
        if not rest:
            break
        now = together
        best = max(rest, key=lambda look: _clear(laid_over(now, look.seen), inside))
        laid = laid_over(together, best.seen)
        if _clear(laid, inside) - _clear(together, inside) < LEAST_GAIN:
            break
        chosen.append(best)
        together = laid
    return chosen


def _clear(seen: np.ndarray, inside: np.ndarray) -> float:
    return float((seen[inside] == Seen.CLEAR).mean())


def _nothing(looker: Looker, passes: Sequence[Overpass], seen: Sequence[Look]) -> ImageryError:
    """Say why no image is left, as an error to raise."""
    names = {item.id for overpass in passes for item in overpass.items}
    errors = [error for name, error in looker.refused.items() if name in names]
    for error in errors:
        if isinstance(error, NetworkError) and not seen:
            raise error
    if errors and not seen:
        return ImageryError(
            f'{counted(len(errors), "image was", "images were")} found and none can be used; the '
            f'first: {errors[0]}'
        )
    clearest = max((look.shares['clear'] for look in seen), default=0.0)
    return ImageryError(
        f'{counted(len(seen), "overpass", "overpasses")} from {passes[0].time:%Y-%m-%d} to '
        f'{passes[-1].time:%Y-%m-%d} were looked at, and the clearest shows {clearest:.0%} of the '
        f'area; wait for the next ones, give other dates (--post-dates, --pre-dates), or see '
        f'--dry-run'
    )


def settled(looker: Looker, choose: Callable[[], Choice]) -> Choice:
    """Choose until all that was chosen can be read and its offsets are sure.

    Raises:
        ImageryError: as ``choose``.
        NetworkError: likewise.
    """
    while True:
        choice = choose()
        if looker.decide(choice.items) is not None:
            return choice
