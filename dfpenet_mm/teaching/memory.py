"""A network's memory of known ground: what it said of it, and how far a lesson may lead away."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from dfpenet_mm.datasets.transforms import RandomSensor
from dfpenet_mm.engine.sample_stream import seed_generators

# Copies of every chip in other colours: known ground is more than the scene of the chips.
VARIETIES = 2
# How much of what was said has to stay on chips that remind of nothing.
KEPT = 0.86
# Shares of a lesson, from all of it to little.
SHARES = (1.0, 0.8, 0.65, 0.5, 0.4, 0.3, 0.2)
AT_ONCE = 8


class Memory:
    """Chips of known ground with the probabilities that the network before gives them.

    Every other chip reminds the network during the lesson, as it is and in other colours; the
    rest tells how much was kept.

    Args:
        chips: shape (N, B, side, side), float32, training units of 8 bit.
        say: from chips to probabilities, shape (N, 1, side, side), of the network before.
        seed: of the colours.
    """

    def __init__(self, chips: np.ndarray, say: Callable[[Tensor], Tensor], *, seed: int) -> None:
        reminding = chips[::2]
        self._chips = torch.from_numpy(np.concatenate([reminding, *_varied(reminding, seed)]))
        self._said = _in_parts(say, self._chips)
        self._rest = torch.from_numpy(chips[1::2] if len(chips) > 1 else chips)
        self._said_of_rest = _in_parts(say, self._rest)
        self._seed = seed

    def draw(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Draw chips and what was said of them, a pure function of seed and step."""
        rng = np.random.default_rng(np.random.SeedSequence((self._seed, step, 3)))
        chosen = torch.from_numpy(rng.choice(len(self._chips), size))
        # What was said of a chip holds for its mirror image too.
        axes = [axis for axis in (2, 3) if rng.integers(2)]
        return self._chips[chosen].flip(axes), self._said[chosen].flip(axes)

    def kept(self, say: Callable[[Tensor], Tensor]) -> float:
        """Measure how much of what was said a network still says.

        Args:
            say: from chips to probabilities, of that network.

        Returns:
            What both call landslide in what either does, of probabilities, in [0, 1].
        """
        now = _in_parts(say, self._rest)
        both, either = (f(now, self._said_of_rest).sum() for f in (torch.minimum, torch.maximum))
        return float(both / either) if either else 1.0


def _in_parts(say: Callable[[Tensor], Tensor], chips: Tensor) -> Tensor:
    return torch.cat([say(part) for part in chips.split(AT_ONCE)])


def _varied(chips: np.ndarray, seed: int) -> list[np.ndarray]:
    """Show chips of three bands or more as other sensors may have seen them."""
    seed_generators(seed, 0)
    sensor = RandomSensor(strength=0.7, blur=0.2, noise=0.1, grey=0, swap=0)
    found = []
    for _ in range(VARIETIES):
        seen = [sensor.transform({'img': chip.transpose(1, 2, 0)})['img'] for chip in chips]
        found.append(np.clip(np.stack(seen), 0, 255).transpose(0, 3, 1, 2).copy())
    return found


def share_to_keep(kept: Callable[[float], float]) -> float:
    """Return the largest share of a lesson with which a network keeps what it knows.

    Args:
        kept: from a share to how much stays, as of ``Memory.kept``.
    """
    return next((share for share in SHARES if kept(share) >= KEPT), SHARES[-1])
