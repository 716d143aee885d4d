"""This process, as far as it can be, like one on Windows: no Unix modules, files kept while open.

Importing it changes the process. The standard library keeps what it has taken before.
"""

import errno
import multiprocessing  # noqa: F401 - takes what it needs of Unix first, as do the next ones
import os
import shutil
import signal
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401
from pathlib import Path

MODULES = ('fcntl', 'resource', 'pwd', 'grp', 'termios', 'tty', 'pty', 'syslog', 'posix')
SIGNALS = (
    *('SIGHUP', 'SIGKILL', 'SIGALRM', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGCHLD'),
    *('pthread_sigmask', 'pthread_kill', 'sigwait', 'sigwaitinfo', 'sigtimedwait', 'sigpending'),
    *('setitimer', 'alarm', 'pause'),
)
CALLS = (
    *('fork', 'forkpty', 'geteuid', 'getgid', 'setsid', 'killpg', 'getpgid', 'nice'),
    *('sched_getaffinity', 'getloadavg', 'mkfifo', 'chown', 'lchown', 'wait', 'sync'),
)
# What Windows says of a file that a program has open, itself included.
SHARING_VIOLATION = 32
MAPS = Path('/proc/self/maps')


def _held():
    """Return the files and folders that this process has open or in its memory."""
    opened = {os.path.realpath(f'/proc/self/fd/{number}') for number in os.listdir('/proc/self/fd')}
    mapped = {line.split(maxsplit=5)[-1] for line in MAPS.read_text().splitlines()}
    return opened | mapped


def _refuse_open(path):
    place = os.path.realpath(path)
    for held in _held():
        if held == place or held.startswith(f'{place}{os.sep}'):
            error = PermissionError(errno.EACCES, 'in use by another process', str(path))
            error.winerror = SHARING_VIOLATION
            raise error


def _guarded(call, *, both=False, over=True):
    def guarded(path, *more, **options):
        _refuse_open(path)
        if both:
            _refuse_open(more[0])
            if not over and os.path.lexists(more[0]):
                raise FileExistsError(errno.EEXIST, 'exists', str(more[0]))
        return call(path, *more, **options)

    return guarded


def _open_no_folder(call):
    def opened(path, *more, **options):
        if isinstance(path, str | os.PathLike) and os.path.isdir(path):
            raise PermissionError(errno.EACCES, 'is a folder', str(path))
        return call(path, *more, **options)

    return opened


for name in MODULES:
    sys.modules[name] = None
for module, names in ((signal, SIGNALS), (os, CALLS)):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
shutil._use_fd_functions = False
os.unlink = _guarded(os.unlink)
os.remove = _guarded(os.remove)
os.rmdir = _guarded(os.rmdir)
os.replace = _guarded(os.replace, both=True)
os.rename = _guarded(os.rename, both=True, over=False)
os.open = _open_no_folder(os.open)
