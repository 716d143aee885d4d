"""Runs commands in forks of a process that has imported everything but begun nothing.

Reads a command line as JSON from each line of stdin; answers with the fork's id, and when it has
ended with its exit code, or minus the signal's number.
"""

import json
import os
import sys

import tests.cli.cheap_network  # noqa: F401 - registers what the commands use
from dfpenet_mm.cli.landslide_map import main


def run(arguments):
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    try:
        main(arguments)
    except SystemExit as end:
        return end.code or 0
    return 0


if __name__ == '__main__':
    import dfpenet_mm.run.run  # noqa: F401

    for line in sys.stdin:
        fork = os.fork()
        if not fork:
            os._exit(run(json.loads(line)))
        print(fork, flush=True)
        _, status = os.waitpid(fork, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
