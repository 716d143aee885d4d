#!/usr/bin/env bash
# tools/dist_test.sh CONFIG CHECKPOINT GPUS [OPTION OF test.py...]
# Score on several GPUs, or in as many processes on a machine without. tools/torchrun.sh names
# the environment variables for several machines.
set -euo pipefail

if (($# < 3)); then
    echo "usage: $0 CONFIG CHECKPOINT GPUS [OPTION OF test.py...]" >&2
    exit 2
fi
exec bash "$(dirname "${BASH_SOURCE[0]}")/torchrun.sh" "$3" test.py "$1" "$2" --launcher pytorch "${@:4}"
