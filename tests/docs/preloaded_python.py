"""A Python that starts with its libraries loaded, so that many commands fit into a test.

The server has imported the libraries that the commands import, and nothing of this project: a
command registers its parts as in a fresh process. For every command line that a client (the
``python`` and ``landslide-map`` of ``workspace.py``) sends with its folder, environment and
streams, it forks a process that runs it, and answers with the exit code.
"""

import argparse
import ast
import contextlib
import importlib
import io
import json
import os
import runpy
import socket
import sys
import traceback
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ('dfpenet_mm', 'postproc')
CLIENT = """\
#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([{start!r} + sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(4, 'big') + request], [0, 1, 2])
sys.exit(int(server.recv(8)))
"""


def end_after_parsing(parse):
    """Let a parser judge a command line, and end before anything is done with it."""

    def judged(self, *arguments, **options):
        parse(self, *arguments, **options)
        sys.exit(0)

    return judged


def run(command):
    """Run ``python COMMAND...`` here, as the interpreter would."""
    if os.environ.get('DOCS_PARSE_ONLY'):
        parser = argparse.ArgumentParser
        for name in ('parse_args', 'parse_intermixed_args'):
            setattr(parser, name, end_after_parsing(getattr(parser, name)))
    sys.path[:0] = os.environ.get('PYTHONPATH', '').split(':')
    if command[0] == '-m':
        sys.argv = command[1:]
        runpy.run_module(command[1], run_name='__main__', alter_sys=True)
    elif command[0] == '-c':
        sys.argv = ['-c', *command[2:]]
        exec(command[1], {'__name__': '__main__'})
    else:
        sys.argv = command
        sys.path.insert(0, os.path.dirname(os.path.abspath(command[0])))
        runpy.run_path(command[0], run_name='__main__')


def serve_one(connection):
    """Fork a process for one request; return it."""
    head, streams, _, _ = socket.recv_fds(connection, 65536, 3)
    length = int.from_bytes(head[:4], 'big')
    content = head[4:]
    while len(content) < length:
        content += connection.recv(length - len(content))
    command, folder, environment = json.loads(content)
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        return child
    code = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        run(command)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def libraries():
    """What our modules import when they are imported themselves: modules and names in them."""
    names = set()
    for package in OURS:
        for path in (ROOT / package).rglob('*.py'):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.Import):
                    names.update((alias.name, None) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names.update((node.module, alias.name) for alias in node.names)
    return {(module, name) for module, name in names if module.partition('.')[0] not in OURS}


def load(names):
    """Import libraries without their remarks; what is optional may be missing."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter('ignore')
        for module, name in sorted(names, key=str):
            with contextlib.suppress(ImportError):
                # Some import a part only when it is asked for.
                getattr(importlib.import_module(module), name or '__name__', None)
        # What mmsegmentation's registries import when they are first asked.
        importlib.import_module('mmseg.utils').register_all_modules(init_default_scope=False)
    strangers = [name for name in sys.modules if name.partition('.')[0] in OURS]
    if strangers:
        raise RuntimeError(f'{strangers} are loaded, and commands would not start afresh')


def main(address):
    """Serve one command after the other until stdin ends."""
    load(libraries())

    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()
    print('ready', flush=True)
    while True:
        connection, _ = server.accept()
        child = serve_one(connection)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        connection.send(str(code if code >= 0 else 128 - code).encode())
        connection.close()


if __name__ == '__main__':
    main(sys.argv[1])
