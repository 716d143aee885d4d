#!/usr/bin/env bash
# tools/dist_train.sh CONFIG GPUS [OPTION OF train.py...]
# Train on several GPUs, or in as many processes on a machine without. tools/torchrun.sh names
# the environment variables for several machines.
set -euo pipefail

if (($# < 2)); then
    echo "usage: $0 CONFIG GPUS [OPTION OF train.py...]" >&2
    exit 2
fi
exec bash "$(dirname "${BASH_SOURCE[0]}")/torchrun.sh" "$2" train.py "$1" --launcher pytorch "${@:3}"
