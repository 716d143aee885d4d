#!/usr/bin/env bash
# tools/torchrun.sh GPUS SCRIPT [ARGUMENT...]
# Start as many processes of a Python script as GPUS says, on GPUs or, without any, on CPUs.
# What tools/dist_train.sh, dist_test.sh and slurm_train.sh have in common; their environment:
#   NNODES, NODE_RANK, MASTER_ADDR, PORT  several machines: the same command on each of them
#   OMP_NUM_THREADS                       threads of a process; the default shares the cores
#   PYTHON                                interpreter; the default is python
set -euo pipefail

GPUS=$1
SCRIPT=$2
shift 2
if ! [[ $GPUS =~ ^[1-9][0-9]*$ ]]; then
    echo "error: GPUS is '$GPUS', wanted is the number of processes on this machine, such as 4" >&2
    exit 2
fi

# torchrun would give each process one thread.
cores=$(nproc)
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$((cores > GPUS ? cores / GPUS : 1))}"

if [[ ${NNODES:-1} == 1 && -z ${PORT:-} ]]; then
    # A free port, so that two runs on one machine do not meet.
    where=(--standalone)
else
    where=(--nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}"
        --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}")
fi

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH="${tools%/*}${PYTHONPATH:+:$PYTHONPATH}"
# torch.distributed.run itself would end with a traceback and 1 when it is asked to end.
launch='
import sys
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.run import main
try:
    main()
except SignalException as error:
    sys.exit(128 + error.sigval)
'
exec "${PYTHON:-python}" -c "$launch" "${where[@]}" --nproc_per_node="$GPUS" "$tools/$SCRIPT" "$@"
