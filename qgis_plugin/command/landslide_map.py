"""The command ``landslide-map``: found, looked at once, and run with its outcome in a sentence."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .environment import clean_environment
from .process import NO_WINDOW, WINDOWS, run_program
from .protocol import Event, read_event

NAME = 'landslide-map'
# The first version whose verbs know --progress json.
OLDEST = (0, 1, 0)
# Seconds that the first start of a command may take on a slow disk.
PATIENCE_S = 180
# Exit codes of the command.
BAD_INPUT, NO_SERVICE, INTERRUPTED, TERMINATED = 2, 3, 130, 143
SET_UP = 'run "Set up" of the Landslides toolbox'
SETTING = 'Settings > Options > Processing > Providers > Landslides'
UNKNOWN_OPTION = re.compile(r'unrecognized arguments:.*--progress')
# Commands that were looked at, by path and time of change.
_versions: dict[tuple[str, float], str] = {}


class CommandError(Exception):
    """A sentence that says what is wrong and what to do.

    Args:
        sentence: for the user.
        output: lines that the command wrote before it failed.
    """

    def __init__(self, sentence: str, output: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.output = list(output)


@dataclass
class Outcome:
    """The outcome of a run of the command.

    Args:
        output: lines of standard output.
        stopped: True where it was asked to stop before its end.
        products: paths by what they are, as its result names them.
    """

    output: list[str]
    stopped: bool
    products: dict[str, str] = field(default_factory=dict)


def program_in(folder: Path, name: str = NAME) -> Path:
    """Return where a program lies in a virtual environment."""
    return folder / ('Scripts' if WINDOWS else 'bin') / (f'{name}.exe' if WINDOWS else name)


def find_command(named: str, folders: Iterable[Path]) -> Path:
    """Find the command.

    Args:
        named: what the user named, the command or the folder of its environment; may be empty.
        folders: of environments in which it may have been set up.

    Returns:
        Its path.

    Raises:
        CommandError: if there is none.
    """
    if named:
        path = Path(os.path.expanduser(named))
        found = next((p for p in (path, path / NAME, program_in(path)) if p.is_file()), None)
        if found is None:
            raise CommandError(
                f'{named}, which the settings name as landslide-map, is not there; correct it in '
                f'{SETTING}, or {SET_UP}'
            )
        return found
    for folder in folders:
        if program_in(folder).is_file():
            return program_in(folder)
    on_path = shutil.which(NAME, path=clean_environment().get('PATH'))
    if on_path:
        return Path(on_path)
    raise CommandError(
        f'landslide-map was not found on this computer; {SET_UP}, or name it in {SETTING}'
    )


def version_of(path: Path) -> str:
    """Ask the command for its version, once while it stays the same file.

    Raises:
        CommandError: if it does not start, or is too old for this plug-in.
    """
    try:
        key = str(path), path.stat().st_mtime
        if key not in _versions:
            done = subprocess.run(
                [str(path), '--version'],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=clean_environment(),
                encoding='utf-8',
                errors='replace',
                timeout=PATIENCE_S,
                creationflags=NO_WINDOW,
                check=False,
            )
            _versions[key] = _read_version(path, done)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(_broken(path, str(error))) from error
    version = _versions[key]
    if _numbers(version) < OLDEST:
        raise CommandError(too_old(path, version))
    return version


def _read_version(path: Path, done: subprocess.CompletedProcess) -> str:
    found = re.search(r'\b(\d+\.\d+\S*)', done.stdout)
    if done.returncode or not found:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise CommandError(_broken(path, said[-1] if said else f'exit code {done.returncode}'))
    return found[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r'\d+', version)[:3])


def _broken(path: Path, reason: str) -> str:
    return (
        f'{path} does not start ({reason.removeprefix("error: ")}); {SET_UP} to make a new '
        f'environment, or name another landslide-map in {SETTING}'
    )


def too_old(path: Path, version: str) -> str:
    """Say that a command is older than this plug-in."""
    wanted = '.'.join(map(str, OLDEST))
    return (
        f'{path} has version {version}, which does not tell its progress (--progress json); '
        f'version {wanted} or newer is wanted: {SET_UP} to renew it'
    )


def run_command(
    path: Path,
    arguments: Sequence[str],
    *,
    hear: Callable[[Event], None],
    stop: Callable[[], bool],
    folder: str | None = None,
) -> Outcome:
    """Run the command to its end.

    Args:
        path: of the command.
        arguments: verb and options, without ``--progress``.
        hear: called with everything that it says but its error.
        stop: asked every tenth of a second; True tells it to end.
        folder: to run in.

    Returns:
        What came of it.

    Raises:
        CommandError: if it refuses or fails; the sentence says what to do.
    """
    version = version_of(path)
    events: list[Event] = []

    def said(line: str) -> None:
        event = read_event(line)
        events.append(event)
        if event.traceback:
            hear(Event('text', event.traceback))
        if event.kind not in ('error', 'result'):
            hear(event)

    try:
        ended = run_program(
            [str(path), *arguments, '--progress', 'json'], said=said, stop=stop, folder=folder
        )
    except OSError as error:
        raise CommandError(_broken(path, str(error))) from error
    if any(UNKNOWN_OPTION.search(event.message) for event in events):
        raise CommandError(too_old(path, version))
    if ended.code and not ended.stopped:
        raise CommandError(failure(ended.code, events), ended.output.splitlines())
    results = [event.products for event in events if event.kind == 'result']
    products = {name: str(value) for name, value in results[-1].items()} if results else {}
    return Outcome(ended.output.splitlines(), ended.stopped and bool(ended.code), products)


def failure(code: int, events: Sequence[Event]) -> str:
    """Put an exit code that is not 0 into a sentence.

    Args:
        code: minus a signal's number where that ended the command.
        events: what it said.
    """
    errors = [event.message for event in events if event.kind == 'error']
    texts = [event.message.strip() for event in events if event.kind == 'text']
    last = next((text for text in reversed(texts) if text), '')
    sentence = (errors[-1] if errors else last).removeprefix('error: ')
    if code == BAD_INPUT:
        return sentence or 'landslide-map refuses and does not say why; look at the log'
    if code == NO_SERVICE:
        return f'{sentence}; try again later, or see whether this computer reaches the internet'
    if code in (INTERRUPTED, TERMINATED) or code < 0:
        return (
            'landslide-map was ended from outside, as by a shutdown or for want of memory; run it '
            'again with the same settings, and it goes on with what was finished'
        )
    return (
        f'landslide-map failed by a defect of its own ({sentence or f"exit code {code}"}); copy '
        f'this log into a report to its authors'
    )
