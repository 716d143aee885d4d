"""Find the checkpoint that a killed run goes on from, and see that it is the same run's."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from dfpenet_mm.engine.checkpoint_file import not_finite
from dfpenet_mm.engine.safe_checkpoint import load_safely
from dfpenet_mm.errors import CheckpointError, ConfigError, OutputError

NUMBERED = re.compile(r'iter_(\d+)\.pth')
POINTER = 'last_checkpoint'
# Parts of a config that make it another run where they differ, and parts that merely change it.
DECISIVE = ('model',)
NOTEWORTHY = ('optim_wrapper', 'param_scheduler', 'train_dataloader', 'custom_hooks', 'randomness')
NEEDED = ('optimizer', 'message_hub', 'meta')


@dataclass(frozen=True)
class ResumePoint:
    """The checkpoint from which a run goes on.

    Args:
        checkpoint: the file.
        iteration: iterations it has behind it.
        config_text: config of the run that wrote it, as Python that is never run.
        skipped: newer files that are incomplete or hold NaN.
    """

    checkpoint: Path
    iteration: int
    config_text: str
    skipped: tuple[Path, ...] = ()


def find_resume_point(work_dir: str | Path) -> ResumePoint | None:
    """Find the newest whole checkpoint of a run.

    mmengine trusts the file ``last_checkpoint``, which a kill may leave empty, and whose path
    is that of the folder before it was moved: it counts here only where no ``iter_*.pth`` is.

    Args:
        work_dir: folder of the run; may be missing.

    Returns:
        The point at which the run goes on; None if it never wrote a checkpoint.

    Raises:
        CheckpointError: if there are checkpoints, but none that can be resumed from.
    """
    skipped: list[Path] = []
    for path in _candidates(Path(work_dir)):
        try:
            content = load_safely(path, 'cpu')
        except CheckpointError:
            skipped.append(path)
            continue
        if not _can_be_resumed(content):
            skipped.append(path)
            continue
        meta = content['meta']
        return ResumePoint(path, int(meta['iter']), str(meta.get('cfg', '')), tuple(skipped))
    if skipped:
        raise CheckpointError(
            f'none of the {len(skipped)} checkpoints in {work_dir} can be resumed from, the newest '
            f'is {skipped[0].name}; move them away and start without --resume'
        )
    return None


def _candidates(folder: Path) -> list[Path]:
    numbered = {
        int(match[1]): path
        for path in folder.glob('iter_*.pth')
        if (match := NUMBERED.fullmatch(path.name))
    }
    if numbered:
        return [numbered[number] for number in sorted(numbered, reverse=True)]
    pointer = folder / POINTER
    named = pointer.read_text(encoding='utf-8').strip() if pointer.is_file() else ''
    return [Path(named)] if named and Path(named).is_file() else []


def _can_be_resumed(content: object) -> bool:
    if not isinstance(content, dict) or not all(name in content for name in NEEDED):
        return False
    meta = content['meta']
    if not_finite(content.get('state_dict') or {}):
        return False
    # mmengine runs a meta's 'config' as Python when it resumes; its own files have 'cfg'.
    return isinstance(meta, dict) and isinstance(meta.get('iter'), int) and 'config' not in meta


def require_unused(work_dir: str | Path) -> None:
    """Refuse to start anew in a folder that holds the checkpoints of an earlier run.

    A later ``--resume`` would go on from whichever of the two runs came further.

    Raises:
        OutputError: if it does.
    """
    found = _candidates(Path(work_dir))
    if found:
        raise OutputError(
            f'{work_dir} holds checkpoints of an earlier run ({found[0].name}); pass --resume to '
            f'go on from there, name another --work-dir, or remove them'
        )


def changed_parts(earlier: str, config: Config) -> tuple[str, ...]:
    """Name the parts in which the config of an earlier run differs; neither text is run.

    Args:
        earlier: Python text of its config, as its checkpoint holds it.
        config: the config now.

    Returns:
        Names out of ``DECISIVE`` and ``NOTEWORTHY``; none if the text cannot be read.
    """
    before, now = _parts(earlier), _parts(config.pretty_text)
    if not before:
        return ()
    return tuple(n for n in (*DECISIVE, *NOTEWORTHY) if before.get(n) != now.get(n))


def _parts(text: str) -> dict[str, str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    return {
        node.targets[0].id: ast.dump(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def resume_run(config: Config) -> list[str]:
    """Let a config's run go on from its folder's newest whole checkpoint, or start it.

    ``load_from`` stays what a new run starts from; mmengine would resume that instead.

    Args:
        config: with ``work_dir``; changed in place.

    Returns:
        What a user should know, one sentence each.

    Raises:
        CheckpointError: if the folder's checkpoints cannot be resumed from.
        ConfigError: if they are another network's.
    """
    point = find_resume_point(config.work_dir)
    if point is None:
        config.resume = False
        return [f'{config.work_dir} has no checkpoint to resume from: the run starts anew.']
    changed = changed_parts(point.config_text, config)
    if set(changed) & set(DECISIVE):
        raise ConfigError(
            f'{point.checkpoint} is of another network than the config describes; resume with '
            f'the config it was trained with, or name another --work-dir'
        )
    config.resume, config.load_from = True, str(point.checkpoint)
    notices = [
        f'{path.name} is incomplete or holds NaN, and is left out.' for path in point.skipped
    ]
    if changed:
        notices.append(
            f'The config differs from the run so far in {", ".join(changed)}: the run will not '
            f'end where it would have ended.'
        )
    return [*notices, f'Going on from {point.checkpoint}, iteration {point.iteration}.']
