#!/usr/bin/env bash
# tools/slurm_train.sh PARTITION JOB CONFIG GPUS [OPTION OF train.py...]
# Train under Slurm on GPUS GPUs, GPUS_PER_NODE (8 at most by default) on each machine; 0 for
# machines without GPUs, where GPUS counts processes. Further environment:
#   CPUS_PER_TASK  cores for each GPU, default 5
#   SRUN_ARGS      further options of srun, such as '--time=12:00:00'
#   PORT           port on the first machine; by default one that follows from the job's number
set -euo pipefail

if (($# < 4)); then
    echo "usage: $0 PARTITION JOB CONFIG GPUS [OPTION OF train.py...]" >&2
    exit 2
fi
partition=$1
job=$2
config=$3
gpus=$4
shift 4
if ! [[ $gpus =~ ^[1-9][0-9]*$ ]]; then
    echo "error: GPUS is '$gpus', wanted is the number of processes in all, such as 8" >&2
    exit 2
fi
per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
resources=(--gres="gpu:$per_node")
if [[ $per_node == 0 ]]; then
    per_node=$gpus
    resources=()
fi
if ((gpus % per_node)); then
    echo "error: $gpus GPUS do not divide by GPUS_PER_NODE=$per_node; give a multiple of it" >&2
    exit 2
fi
nodes=$((gpus / per_node))

# One task a machine: its torchrun starts the processes. Slurm's variables are there only then.
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2016
start='export NNODES=$SLURM_NNODES NODE_RANK=$SLURM_NODEID
export MASTER_ADDR=${MASTER_ADDR:-$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)}
export PORT=${PORT:-$((20000 + SLURM_JOB_ID % 20000))}
exec bash "$0" "$@"'
read -ra further <<<"${SRUN_ARGS:-}"
exec srun --partition="$partition" --job-name="$job" --nodes="$nodes" --ntasks="$nodes" \
    --ntasks-per-node=1 --cpus-per-task="$((per_node * ${CPUS_PER_TASK:-5}))" --kill-on-bad-exit=1 \
    "${resources[@]}" "${further[@]}" \
    bash -c "$start" "$tools/torchrun.sh" "$per_node" train.py "$config" --launcher pytorch "$@"
