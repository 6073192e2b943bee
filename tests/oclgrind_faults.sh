#!/usr/bin/env bash
# Plants faults in copies of the kernels, which oclgrind must find, so that a clean run means
# something. Each is run by the smallest launch that shows it.
#
# oclgrind_faults.sh ROOT EBB PRODUCTS
set -euo pipefail
root=$(realpath "$1") ebb=$(realpath "$2") products=$(realpath "$3")
# shellcheck source=tests/oclgrind_rig.sh
. "$root/tests/oclgrind_rig.sh"
limits=("${small[@]}")
awk -v OFS=, 'BEGIN { srand(1); for (i = 0; i < 7; i++) print rand(), rand(), i % 3 }' >rows.csv

# planted FINDING FILES SED-SCRIPT command...: the change of these kernel files must be found.
planted() {
  local finding=$1 files=$2 script=$3; shift 3
  rm -rf kernels; cp -r "$root/kernels" .
  # shellcheck disable=SC2086 # a pattern
  (cd kernels && sed -i "$script" $files)
  holds "$files has a place for the fault: $script" test "$(diff -rq "$root/kernels" kernels)"
  EBB_KERNEL_DIR=$work/kernels interpreted "$@" 2>/dev/null || :
  holds "a planted fault is found: $finding" grep -qi "$finding" log
}

train=("$ebb" train --data rows.csv --valid 0 --epochs 1 --model 3relu --quiet --step)

export EBB_MATMUL=gpu
checks=(--data-races)
one_block='s/buffer ^ 1/buffer/; s/buffer ^= 1/buffer ^= 0/' # instead of two in turn
planted 'data race' 'matmul*gpu*' "$one_block" "$products" fp32 f32 f32 3x3x33
planted 'data race' 'matmul*mma*' "$one_block" "$products" bf16 bf16 f32 3x3x33
planted 'data race' 'whole_step*gpu*' 's|barrier(FENCES);|if (g.phases[index].work != GET_LOSS) &|' "${train[@]}" whole
export EBB_MATMUL=cpu
checks=()
planted 'invalid read' 'update*' 's/close_step(state, partials, groups)/close_step(state, partials, groups + 4096)/' "${train[@]}" layers
checks=(--uninitialized)
planted 'uninitialized' update.h 's/const update_rule rule = .*;/update_rule rule;/' "${train[@]}" layers
exit $failed
