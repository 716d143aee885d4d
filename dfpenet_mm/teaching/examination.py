"""Networks before and after a lesson, judged: which of them maps the scene, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from dfpenet_mm.errors import EmptySceneError
from dfpenet_mm.installation import quiet_libraries
from dfpenet_mm.run.network_choice import NetworkChoice
from dfpenet_mm.run.progress import RunProgress
from dfpenet_mm.teaching.chips import Lesson, cut_lesson, describe
from dfpenet_mm.teaching.classroom import Classroom, View
from dfpenet_mm.teaching.judging import Comparison, Judge, JudgedPixels, Meaning, iou
from dfpenet_mm.teaching.replay import read_replay, replay_file
from dfpenet_mm.teaching.request import TeachRequest
from dfpenet_mm.teaching.taught_network import NETWORK, write_network
from dfpenet_mm.teaching.training import (
    ALL_LAYERS,
    FROZEN_BACKBONE,
    STRATEGIES,
    Course,
    fine_tune,
    landslide_weight,
)
from dfpenet_mm.teaching.verdict import (
    BEFORE,
    RECALIBRATED,
    best_network,
    comparison_sentence,
)
from dfpenet_mm.wording import metres

# Blocks with landslides among those that judge, from which on they choose a strategy.
ENOUGH = 6
# Pixels so large that less than so many chips teach are not tried.
LEAST_WORTH = 0.25
FILES = {ALL_LAYERS: 'all_layers', FROZEN_BACKBONE: 'backbone_frozen'}


@dataclass(frozen=True, eq=False)
class Examination:
    """The outcome of judging.

    Args:
        network: the new one; None where the one before stays.
        taught: True if it was taught, False if only its probability means something else.
        sentence: which network is better, and why.
        findings: plain JSON values.
    """

    network: NetworkChoice | None
    taught: bool
    sentence: str
    findings: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network that may map the scene.

    Args:
        weights: file of them.
        outcomes: hits, false alarms and misses by block, square metres, shape (blocks, 3).
        meaning: of its probability; None where it has none, or keeps the one that it has.
        share: of the way from the network before to the end of a lesson; 0 without a lesson.
    """

    weights: Path
    outcomes: np.ndarray
    meaning: Meaning | None
    share: float = 0.0


class Examiner:
    """Teaches and judges the networks of one classroom.

    Args:
        classroom: made ready.
        request: of the lesson.
        work: folder that keeps what is done.
        progress: times and shows the stages.
    """

    def __init__(
        self, classroom: Classroom, request: TeachRequest, work: Path, progress: RunProgress
    ) -> None:
        self._room, self._request = classroom, request
        self._work, self._progress = work, progress

    def examine(self) -> Examination:
        """Choose the pixels, teach, judge, and write the network that is better than before.

        Raises:
            EmptySceneError: if no chip with a landslide holds ground that teaches.
            TrainingError: if the network learns nothing.
            OutputError: if the disk refuses.
        """
        with self._progress.running('judge_the_network_before'):
            default = self._judged(self._room.default)
            untaught = {view.size: self._judged(view) for view in self._room.views}
        self._foresee(1 + len(untaught) - (self._room.default.size in untaught))
        with self._progress.running('cut_chips'):
            view, lesson = self._choose_size(untaught)
        first = self._room.network.checkpoint
        replay = self._known_chips()
        found = {
            BEFORE: Candidate(first, self._as_it_was(default), None),
            RECALIBRATED: _candidate(first, untaught[view.size]),
        }
        for strategy in self._strategies():
            found[strategy] = self._taught(strategy, view, lesson, replay)
        results = {
            name: Comparison.of(candidate.outcomes, found[BEFORE].outcomes, self._request.seed)
            for name, candidate in found.items()
        }
        # One whose probability means nothing maps nothing.
        rivals = {key: own for key, own in results.items() if found[key].meaning is not None}
        name = best_network(rivals)
        sentence = comparison_sentence(name, {BEFORE: results[BEFORE], **rivals})
        findings = {
            'choice': name,
            'sentence': sentence,
            'pixel_size_m': view.size,
            'iou_untaught_by_pixel_size': {
                f'{size:.4g}': round(iou(judged.fair_outcomes()), 4)
                for size, judged in untaught.items()
            },
            'ground': self._room.blocks.to_dict(),
            'chips': {
                **describe(lesson),
                'landslide_weight': round(landslide_weight(lesson), 3),
                'of_known_ground': 0 if replay is None else len(replay),
            },
            'judged': {
                key: {**result.to_dict(), 'share_of_lesson': found[key].share}
                for key, result in results.items()
            },
        }
        network = self._written(found[name], view, lesson if name in STRATEGIES else None)
        findings['threshold'] = network and network.card and network.card.threshold_at(view.size)
        self._progress.tell(sentence)
        return Examination(network, name in STRATEGIES, sentence, findings)

    def _foresee(self, judged: int) -> None:
        """Tell how long the lesson will take, as soon as it has shown its pace."""
        room, scene = self._room, self._room.default.scene.grid
        judging_s = self._progress.seconds['judge_the_network_before'] / judged
        ground = shapely.area(room.blocks.outlines(judging=True)).sum()
        self._progress.expect_lesson(
            [FILES[strategy] for strategy in self._strategies()],
            scene.shape[0] * scene.shape[1],
            pre=self._request.pre is not None,
            judging_s=judging_s,
            recognition_s=judging_s * scene.outline.area / ground,
        )

    def _judged(
        self, view: View, name: str = 'untaught', weights: Path | None = None
    ) -> JudgedPixels:
        """Judge a network in pixels of some size, unless that is done already."""
        kept = self._work / f'{name}_{view.size:.4g}.npz'
        if kept.is_file():
            return JudgedPixels.load(kept)
        judge = Judge(
            post=view.scene,
            scaling=view.scaling,
            settings=self._room.settings,
            ground=self._room.ground,
            outlines=list(self._room.blocks.outlines(judging=True)),
        )
        told = self._progress.stage(f'judge in pixels of {metres(view.size)} m')
        found = judge(self._room.predictor(weights), told)
        found.save(kept)
        return found

    def _as_it_was(self, judgement: JudgedPixels) -> np.ndarray:
        """Measure the network before at its own calibration and threshold."""
        threshold, platt = self._room.settings.threshold, self._room.settings.platt
        if platt is not None and threshold < 1:
            logit = np.log(threshold / (1 - threshold))
            threshold = float(1 / (1 + np.exp((platt.intercept - logit) / platt.slope)))
        return judgement.outcomes(threshold)

    def _choose_size(self, untaught: Mapping[float, JudgedPixels]) -> tuple[View, Lesson]:
        """Take the pixels in which the untaught network does best, of those that leave chips.

        Those in which it maps the image give way only to others that are surely better.
        """
        room, fallback = self._room, None
        outcomes = {size: judged.fair_outcomes() for size, judged in untaught.items()}
        usual = min(outcomes, key=lambda size: abs(size - room.default.size))

        def rank(view: View) -> tuple[int, float, float]:
            own = outcomes[view.size]
            result = Comparison.of(own, outcomes[usual], self._request.seed)
            return 0 if result.sure else 1 if view.size == usual else 2, -result.iou, view.size

        for view in sorted(room.views, key=rank):
            lesson = cut_lesson(
                view.scene,
                view.scaling,
                room.ground,
                room.blocks,
                side=room.settings.window,
                seed=self._request.seed,
            )
            if lesson is None:
                continue
            if lesson.worth >= LEAST_WORTH:
                return view, lesson
            if fallback is None or lesson.worth > fallback[1].worth:
                fallback = view, lesson
        if fallback is None:
            raise EmptySceneError(
                'no landslide is left to teach beside the ground that judges; review a larger or '
                'a second place with landslides'
            )
        return fallback

    def _strategies(self) -> tuple[str, ...]:
        """Return both where they can be told apart; the surer one otherwise."""
        blocks = self._room.blocks
        hit = int((blocks.landslide[blocks.judging] > 0).sum())
        return STRATEGIES if hit >= ENOUGH else (FROZEN_BACKBONE,)

    def _known_chips(self) -> np.ndarray | None:
        """Read the chips of ground that the network knows, and warn where it has none."""
        settings, weights = self._room.settings, self._room.network.checkpoint
        chips = read_replay(weights, bands=len(settings.bands), side=settings.window)
        if chips is None:
            self._progress.tell(
                f'no chips of ground that the network knows lie beside {weights.name} '
                f'({replay_file(weights).name}), so that it may forget that ground: use the '
                f'taught network for images like this one alone'
            )
        return chips

    def _taught(
        self, strategy: str, view: View, lesson: Lesson, replay: np.ndarray | None
    ) -> Candidate:
        """Teach and judge a network by one of the paper's strategies."""
        name, settings = FILES[strategy], self._room.settings
        weights = self._work / f'{name}.pth'
        course = Course(
            config=self._room.config,
            checkpoint=self._room.network.checkpoint,
            landslide_class=settings.predictor.get('landslide_class', 1),
            strategy=strategy,
            steps=self._request.steps,
            seed=self._request.seed,
            device=self._room.device,
            replay=replay,
        )
        with self._progress.running(f'teach_{name}'), quiet_libraries():
            share = fine_tune(
                lesson,
                course,
                state=self._work / f'{name}.state',
                target=weights,
                progress=self._progress.stage(f'teach: {strategy}'),
            )
        with self._progress.running(f'judge_{name}'):
            return _candidate(weights, self._judged(view, name, weights), share)

    def _written(
        self, candidate: Candidate, view: View, lesson: Lesson | None
    ) -> NetworkChoice | None:
        """Write the folder of a network; None for the one before, which has its own."""
        if candidate.meaning is None:
            return None
        return write_network(
            self._request.out / NETWORK,
            config=self._room.config,
            weights=candidate.weights,
            before=self._room.network,
            meaning=candidate.meaning,
            lesson=lesson,
            pixel_size=view.size,
            averaged=view.averaged,
            place=self._room.post.name,
        )


def _candidate(weights: Path, judgement: JudgedPixels, share: float = 0.0) -> Candidate:
    return Candidate(weights, judgement.fair_outcomes(), Meaning.fit(judgement), share)
