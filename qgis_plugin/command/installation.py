"""A virtual environment with ``landslide-map``, made from an index or from an offline bundle.

QGIS's own Python is only asked whether it can make one; nothing is ever installed into it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .bundle import Bundle, open_bundle
from .environment import clean_environment
from .landslide_map import CommandError, program_in, version_of
from .process import NO_WINDOW, run_program

PACKAGE = 'dfpenet_mm'
OLDEST_PYTHON = (3, 11)
# In the order in which they are tried; the launcher of Windows knows all that are installed.
PYTHONS = ('python3.11', 'python3.12', 'python3.13', 'python3', 'python', 'py')
PROBE = (
    'import sys, sysconfig, venv, ensurepip;print(*sys.version_info[:2], sysconfig.get_platform())'
)
# What makes a folder an environment, and one that was set up here.
CONFIG = 'pyvenv.cfg'
# Keeps pip from the settings of the machine, which may name indexes, folders or constraints.
NO_SETTINGS = {'PIP_CONFIG_FILE': os.devnull}
HINTS = (
    ('No matching distribution', 'name the package or the bundle that your organisation gives'),
    ('No space left', 'free some space on the disk, or name another folder'),
    ('Permission denied', 'name a folder that you may write to'),
    ('Connection', 'see whether this computer reaches the package index, or use an offline bundle'),
    ('Could not find a version', 'name the package or the bundle that your organisation gives'),
    ('Temporary failure', 'see whether this computer reaches the package index, or use a bundle'),
)
ANY_HINT = 'read the log above, or use an offline bundle'


@dataclass(frozen=True)
class Installation:
    """Wishes for an environment.

    Args:
        folder: of the environment; made, or renewed where it is one already.
        bundle: folder of an offline bundle; None to ask the package index.
        package: what pip shall install: name with extras, or a wheel; empty for the default.
        extras: parts that are not installed by default, such as ``train``.
        python: interpreter that makes it; None to look for one.
        preferred: interpreter that is tried before others are looked for.
    """

    folder: Path
    bundle: Path | None = None
    package: str = ''
    extras: Sequence[str] = ()
    python: Path | None = None
    preferred: Path | None = None

    @property
    def requirement(self) -> str:
        """The words by which pip is asked."""
        extras = f'[{",".join(self.extras)}]' if self.extras else ''
        return f'{self.package or PACKAGE}{extras}'


def install(
    wanted: Installation,
    *,
    tell: Callable[[str], None],
    progress: Callable[[float], None],
    stop: Callable[[], bool],
) -> Path | None:
    """Make or renew an environment.

    Args:
        wanted: what is wanted.
        tell: called with every line of pip's.
        progress: called with the finished share, 0 to 1.
        stop: asked often; True ends it.

    Returns:
        The command; None where it was stopped.

    Raises:
        CommandError: one sentence on what cannot work.
    """
    check_folder(wanted.folder)
    bundle = None if wanted.bundle is None else open_bundle(wanted.bundle)
    python = wanted.python or find_python(bundle, wanted.preferred)
    check_python(python, bundle)
    progress(0.05)
    inside = program_in(wanted.folder, 'python')
    pip = [str(inside), '-m', 'pip', '--disable-pip-version-check', '--no-input', 'install']
    pip += [*(bundle.options() if bundle else ()), '--upgrade', '--progress-bar', 'off']
    pip += [wanted.requirement]
    variables = NO_SETTINGS if bundle else {}
    make = [str(python), '-m', 'venv', str(wanted.folder)]
    for step, share in ([] if _has_pip(inside) else [(make, 0.15)]) + [(pip, 0.95)]:
        tell(' '.join(step))
        if not _run(step, tell, stop, variables):
            return None
        progress(share)
    command = program_in(wanted.folder)
    version_of(command)
    return command


def _has_pip(python: Path) -> bool:
    """Tell whether an environment is there and sound enough to be renewed."""
    return python.is_file() and not _asked(python, 'import pip')[0]


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else.

    Raises:
        CommandError: if it is neither empty nor an environment.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / CONFIG).is_file():
        raise CommandError(f'{folder} is not empty; name a folder that is new or empty')
    if folder.exists() and not folder.is_dir():
        raise CommandError(f'{folder} is a file; name a folder that is new or empty')


def find_python(bundle: Bundle | None = None, preferred: Path | None = None) -> Path:
    """Find a Python that can make an environment, off QGIS's own folders.

    Args:
        bundle: that it shall install; None for any index.
        preferred: the first to try, if any.

    Raises:
        CommandError: if there is none.
    """
    path = clean_environment().get('PATH')
    for name in (*([str(preferred)] if preferred else ()), *PYTHONS):
        found = shutil.which(name, path=path)
        if found and not complaint(Path(found), bundle):
            return Path(found)
    oldest = '.'.join(map(str, OLDEST_PYTHON))
    exactly = bundle.python if bundle else ''
    version = exactly or oldest
    raise CommandError(
        f'no Python {exactly or f"{oldest} or newer"} was found; install one from python.org (on '
        f'Debian and Ubuntu the packages python{version} and python{version}-venv), or name the '
        f'program of one'
    )


def check_python(python: Path, bundle: Bundle | None = None) -> None:
    """Refuse an interpreter that cannot make an environment, or not one for a bundle.

    Raises:
        CommandError: saying what it lacks.
    """
    lacks = complaint(python, bundle)
    if lacks:
        raise CommandError(f'{python} {lacks}')


def complaint(python: Path, bundle: Bundle | None = None) -> str:
    """Say what keeps an interpreter from making an environment; empty if nothing does.

    Args:
        python: the interpreter.
        bundle: that it shall install; None for any index.
    """
    try:
        code, output, errors = _asked(python, PROBE)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f'does not start ({error}); name the program of a Python itself'
    wanted = '.'.join(map(str, OLDEST_PYTHON))
    if code:
        if 'ensurepip' in errors or 'venv' in errors:
            return (
                'cannot make environments; on Debian and Ubuntu install the package python3-venv '
                f'of that Python, elsewhere name a Python {wanted} or newer from python.org'
            )
        return f'is no Python {wanted} or newer; name the program of one'
    major, minor, system, *_ = output.split()
    if (int(major), int(minor)) < OLDEST_PYTHON:
        return f'is Python {major}.{minor}; name one of version {wanted} or newer'
    return bundle.mismatch(f'{major}.{minor}', system) if bundle else ''


def _asked(python: Path, code: str) -> tuple[int, str, str]:
    """Let an interpreter run some code; returns exit code and what it wrote."""
    done = subprocess.run(
        [str(python), '-I', '-c', code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=clean_environment(),
        encoding='utf-8',
        errors='replace',
        timeout=60,
        creationflags=NO_WINDOW,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _run(
    command: Sequence[str],
    tell: Callable[[str], None],
    stop: Callable[[], bool],
    variables: Mapping[str, str],
) -> bool:
    """Run a step; False where it was stopped."""
    lines: list[str] = []

    def said(line: str) -> None:
        lines.append(line.rstrip())
        tell(line.rstrip())

    try:
        ended = run_program(
            command, said=said, printed=said, stop=stop, grace_s=10, variables=variables
        )
    except OSError as error:
        raise CommandError(f'{command[0]} does not start ({error}); {ANY_HINT}') from error
    if ended.stopped:
        return False
    if ended.code:
        raise CommandError(_failed(lines))
    return True


def _failed(lines: Sequence[str]) -> str:
    text = '\n'.join(lines)
    errors = [line for line in lines if line.lower().startswith('error')]
    reason = (errors or [line for line in lines if line.strip()] or ['no reason given'])[-1]
    hint = next((advice for word, advice in HINTS if word in text), ANY_HINT)
    return f'the environment could not be made ({reason.removeprefix("ERROR: ")}); {hint}'
