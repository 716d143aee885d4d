"""A network fine-tuned on a lesson: a short loop that goes on wherever it was stopped."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from dfpenet_mm.engine.checkpoint_file import not_finite
from dfpenet_mm.engine.safe_checkpoint import load_local_checkpoint
from dfpenet_mm.errors import CheckpointError, TrainingError
from dfpenet_mm.files import whole_file
from dfpenet_mm.mapping.network.load_model import load_model
from dfpenet_mm.mapping.network.probability_network import ProbabilityNetwork
from dfpenet_mm.models.losses import LabelledCrossEntropyLoss, LabelledDiceLoss
from dfpenet_mm.teaching.chips import Lesson
from dfpenet_mm.teaching.memory import Memory, share_to_keep
from dfpenet_mm.vocabulary import IGNORED, LANDSLIDE

# The paper's training sets of 100 chips, of which it weighs the landslide class under a fifth.
FEW_CHIPS = 20
HEAVIEST = 4.0
# Pixels of a batch: 8 chips of 128, as memory and the paper's batches of 2 to 4 allow.
BATCH_PIXELS, LEAST_BATCH = 8 * 128**2, 2
RATE, BACKBONE_RATE, WARM_UP = 5e-4, 0.5, 10
# By how much of the learning rate weights are pulled back to where they began, each step.
PULL = 2.0
# Chips of replay in a step, as a share of the batch, and the weight of what they shall keep.
REPLAYED, REPLAY_WEIGHT = 0.5, 2.0
# Of the running mean of the weights, which is what is kept.
AVERAGED = 0.02
KEPT_EVERY = 20

ALL_LAYERS, FROZEN_BACKBONE = 'all layers', 'backbone frozen'
STRATEGIES = (ALL_LAYERS, FROZEN_BACKBONE)


@dataclass(frozen=True, kw_only=True)
class Course:
    """The way in which a lesson is taught.

    Args:
        config: with the network's ``model``.
        checkpoint: weights to begin with.
        landslide_class: among the outputs, as of ``ProbabilityNetwork``.
        strategy: one of ``STRATEGIES``.
        steps: of training.
        seed: of all draws.
        device: where to train.
        replay: chips of ground that the network knows, shape (N, B, side, side), training units;
            what it says of them shall stay. None without any.
    """

    config: Config
    checkpoint: Path
    landslide_class: Any
    strategy: str
    steps: int
    seed: int
    device: str = 'cpu'
    replay: np.ndarray | None = None


def landslide_weight(lesson: Lesson) -> float:
    """Return the weight of landslide pixels in the loss; 1 for the background's.

    Source: section 4.2.3 (size of the training set): "necessary to consider the pixel weight of
    the landslide sample" under 20 % of 100 chips; the paper gives no number. Taken is the square
    root of the ratio of the classes, up to 4.
    """
    if lesson.worth >= FEW_CHIPS:
        return 1.0
    landslide = int((lesson.labels == LANDSLIDE).sum())
    other = int((lesson.labels != IGNORED).sum()) - landslide
    return float(np.clip(math.sqrt(other / max(landslide, 1)), 1, HEAVIEST))


class FineTuning:
    """Teaches a network step by step.

    Statistics of the normalisation stay those of the start: a few chips of one place tell less
    of them than the source data did. Weights are pulled to where they began.

    Args:
        lesson: the chips.
        course: how to teach.

    Source: section 3.4, strategies 1 and 2; Li et al. 2018, Explicit inductive bias for transfer
    learning (L2-SP), here apart from the gradient as AdamW's decay is.
    """

    def __init__(self, lesson: Lesson, course: Course) -> None:
        self._lesson, self._course = lesson, course
        model = load_model(course.config, course.checkpoint, course.device)
        self._network: Any = ProbabilityNetwork(
            model=model, landslide_class=course.landslide_class
        ).to(course.device)
        self._batch = max(LEAST_BATCH, min(8, BATCH_PIXELS // lesson.side**2))
        self._taught = self._choose_weights(model)
        self._start = [weight.detach().clone() for weight in self._taught]
        self._mean = [weight.detach().clone() for weight in self._taught]
        backbone = {id(weight) for weight in getattr(model, 'backbone', nn.Module()).parameters()}
        groups = [
            {'params': [w for w in self._taught if id(w) in backbone], 'factor': BACKBONE_RATE},
            {'params': [w for w in self._taught if id(w) not in backbone], 'factor': 1.0},
        ]
        self._optimizer = torch.optim.AdamW(
            [group for group in groups if group['params']], lr=RATE, weight_decay=0.0
        )
        self._entropy = LabelledCrossEntropyLoss(class_weight=[1.0, landslide_weight(lesson)])
        self._entropy.to(course.device)
        self._dice = LabelledDiceLoss()
        self.step = 0
        chips = course.replay
        self._memory = None if chips is None else Memory(chips, self._say, seed=course.seed)

    def _say(self, chips: Tensor) -> Tensor:
        """Return the probabilities of the network as it is, shape (N, 1, H, W), on the CPU."""
        with torch.no_grad():
            return self._logits(chips.to(self._course.device)).sigmoid().cpu()

    def _forgotten(self) -> Tensor:
        """Compute how far the network has come from what it said of some chips of replay."""
        if self._memory is None:
            return torch.zeros(())
        drawn = self._memory.draw(self.step, max(1, round(REPLAYED * self._batch)))
        chips, said = (part.to(self._course.device) for part in drawn)
        return binary_cross_entropy_with_logits(self._logits(chips), said)

    def _choose_weights(self, model: nn.Module) -> list[Tensor]:
        frozen = self._course.strategy == FROZEN_BACKBONE and hasattr(model, 'backbone')
        model.requires_grad_(True)
        if frozen:
            model.get_submodule('backbone').requires_grad_(False)
        return [weight for weight in model.parameters() if weight.requires_grad]

    def run(self, state: Path, progress: Callable[[int, int], None]) -> None:
        """Teach to the end, from what an earlier call left in ``state``.

        Args:
            state: file that keeps what is done.
            progress: called with the steps done and their total.

        Raises:
            TrainingError: if the loss is no number any more.
            OutputError: if the disk refuses.
        """
        if state.is_file():
            self._load(state)
        steps = self._course.steps
        progress(self.step, steps)
        while self.step < steps:
            self._advance()
            if self.step % KEPT_EVERY == 0 or self.step == steps:
                self._save(state)
            progress(self.step, steps)

    def _advance(self) -> None:
        images, labels = self._lesson.batch(self._course.seed, self.step, self._batch)
        device = self._course.device
        logits = self._logits(torch.from_numpy(images).to(device))
        target = torch.from_numpy(labels.astype(np.int64)).to(device)
        loss = self._entropy(logits, target) + self._dice(logits, target)
        loss = loss + REPLAY_WEIGHT * self._forgotten()
        if not torch.isfinite(loss):
            raise TrainingError(
                f'the loss is {loss.item()} after {self.step} steps of teaching; check that image '
                f'and network belong together'
            )
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._taught, 5.0)
        rate = self._rate()
        for group in self._optimizer.param_groups:
            group['lr'] = rate * group['factor']
        self._optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self._taught, self._start, min(1.0, PULL * rate))
            share = max(AVERAGED, 1 / (self.step + 1))
            torch._foreach_lerp_(self._mean, self._taught, share)
        self.step += 1

    def _rate(self) -> float:
        warm = min(1.0, (self.step + 1) / WARM_UP)
        return RATE * warm * 0.5 * (1 + math.cos(math.pi * self.step / self._course.steps))

    def _logits(self, chips: Tensor) -> Tensor:
        """Return the logit of landslide, shape (N, 1, H, W)."""
        network = self._network
        inputs = (chips - network.mean) / network.std if network.normalises else chips
        shape = tuple(inputs.shape[2:])
        meta = {'img_shape': shape, 'ori_shape': shape, 'pad_shape': shape}
        logits = network.model.encode_decode(inputs, [meta] * len(inputs)).float()
        if logits.shape[1] == 1:
            return logits
        chosen = network.landslide_class
        wanted = [chosen] if isinstance(chosen, int) else list(chosen)
        others = [index for index in range(logits.shape[1]) if index not in wanted]
        landslide, rest = (logits[:, part].logsumexp(dim=1) for part in (wanted, others))
        return (landslide - rest)[:, None]

    def settle(self) -> float:
        """Take the mean of the weights over the last steps, as far as known ground stays known.

        Returns:
            How much of the way from the start was gone, in (0, 1].

        Source: Wortsman et al. 2022, Robust fine-tuning of zero-shot models (WiSE-FT).
        """

        def go(share: float) -> None:
            with torch.no_grad():
                for weight, first, last in zip(self._taught, self._start, self._mean, strict=True):
                    weight.copy_(torch.lerp(first, last, share))

        def kept(share: float) -> float:
            go(share)
            return self._memory.kept(self._say) if self._memory else 1.0

        share = share_to_keep(kept)
        go(share)
        return share

    def weights(self) -> dict[str, Tensor]:
        """Return the weights by name, on the CPU."""
        return {
            name: value.detach().cpu().clone()
            for name, value in self._network.model.state_dict().items()
        }

    def _save(self, state: Path) -> None:
        content = {
            'step': self.step,
            'taught': [weight.detach() for weight in self._taught],
            'mean': self._mean,
            'optimizer': self._optimizer.state_dict(),
        }
        with whole_file(state, RuntimeError, durable=True) as part:
            torch.save(content, part)

    def _load(self, state: Path) -> None:
        content = load_local_checkpoint(str(state), map_location=self._course.device)
        try:
            with torch.no_grad():
                for own, kept in ((self._taught, content['taught']), (self._mean, content['mean'])):
                    for weight, value in zip(own, kept, strict=True):
                        weight.copy_(value)
            self._optimizer.load_state_dict(content['optimizer'])
            self.step = int(content['step'])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(
                f'{state}, what an earlier lesson has left, does not fit this network ({error}); '
                f'pass --overwrite to begin anew'
            ) from error


def fine_tune(
    lesson: Lesson,
    course: Course,
    *,
    state: Path,
    target: Path,
    progress: Callable[[int, int], None],
) -> float:
    """Teach, and write the weights; a finished lesson is not taught again.

    Args:
        lesson: the chips.
        course: how to teach.
        state: file of the steps done so far.
        target: file of the weights.
        progress: called with the steps done and their total.

    Returns:
        How much of the way from the start the weights have gone, in (0, 1].

    Raises:
        TrainingError: if the network learns nothing any more.
        OutputError: if the disk refuses.
    """
    if target.is_file():
        return float(load_local_checkpoint(str(target), map_location='cpu')['share'])
    tuning = FineTuning(lesson, course)
    tuning.run(state, progress)
    share = tuning.settle()
    weights = tuning.weights()
    if not_finite(weights):
        raise TrainingError('teaching has ruined the network; give another one to begin with')
    with whole_file(target, RuntimeError, durable=True) as part:
        torch.save({'state_dict': weights, 'share': share}, part)
    state.unlink(missing_ok=True)
    return share
