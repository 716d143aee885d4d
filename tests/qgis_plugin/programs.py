"""Small programs that stand for ``landslide-map``, for tests of what runs it."""

import json
import sys

BEGIN = f"""\
#!{sys.executable} -S
import json, os, signal, sys, time

def say(**event):
    print(json.dumps(event), file=sys.stderr, flush=True)

if '--version' in sys.argv:
    print('landslide-map 9.9.9')
    sys.exit()
"""


def write_program(path, code, begin=BEGIN):
    """Write a program that answers --version, and otherwise does ``code``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(begin + code, encoding='utf-8')
    path.chmod(0o755)
    return path


def recording(path, into):
    """Write a program that keeps its command line and environment in a file."""
    code = f'json.dump([sys.argv[1:], dict(os.environ)], open({str(into)!r}, "w"))\n'
    return write_program(path, code)


def recorded(into):
    arguments, environment = json.loads(into.read_text(encoding='utf-8'))
    return arguments, environment
