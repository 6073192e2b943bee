#!/usr/bin/env bash
# A tile configuration of the products under oclgrind, of the engine gpu (fp32) or the emulated matrix
# unit (tf32, bf16): accesses out of bounds, data races, reads of what was never written, in one
# training step that has tiles' edges in rows and columns. On a small device, with 16 KiB of local
# memory and 64 work-items a group, also one whose depths are split: on larger tiles that takes
# oclgrind minutes, and the split asks nothing of a tile's size. A large one is oclgrind's own, 32
# KiB, but with 48 KiB, as GPUs have, for the one configuration that needs more.
#
# Training and not `ebb verify`, for time, and because oclgrind takes what clEnqueueWriteBufferRect
# has written for uninitialised.
#
# oclgrind_matmul.sh EBB PRECISION CONFIGURATION large|small
set -euo pipefail
ebb=$(realpath "$1") precision=$2 tiles=$3 size=$4 limits=()
if [[ $size == small ]]; then limits=(--local-mem-size 16384 --max-wgsize 64); fi
if [[ $tiles == 128x128x16* ]]; then limits=(--local-mem-size 49152); fi
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset EBB_DEVICE EBB_KERNEL_DIR
export EBB_MATMUL=gpu EBB_MATRIX_UNIT=emulated
export EBB_MATMUL_CONFIG=$tiles
failed=0

# holds WHAT command...: the check WHAT is that the command succeeds.
holds() {
  local what=$1; shift
  if "$@"; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# interpreted ROWS COLUMNS MODEL: one step of all rows; findings go to log, the launches to trace.
interpreted() {
  awk -v OFS=, -v rows="$1" -v cols="$2" 'BEGIN { srand(1); for (i = 0; i < rows; i++) {
    for (j = 0; j < cols; j++) printf "%.3f,", rand(); print i % 3 } }' >rows.csv
  oclgrind --log log --data-races --uninitialized "${limits[@]}" --build-options -cl-opt-disable \
    "$ebb" train --data rows.csv --model "$3" --batch "$1" --valid 0 --epochs 1 --step layers --precision "$precision" --trace trace --out model.safetensors --quiet \
    >out 2>err || { tail -n 5 err >&2; return 1; }
}

clean() {
  holds "$precision $tiles: $1 rows of $2 columns, $3" interpreted "$@"
  holds "no finding" test ! -s log
  head -n 20 log
}

IFS=x read -r rows cols _ <<<"${tiles%% *}"
clean 9 3 $((cols + 5))gelu # edges of columns, of a weight gradient's rows, and depths of several blocks
clean $((rows + 3)) 3 5gelu-4tanh # edges of rows
if [[ $size == small ]]; then
  clean 2 515 4gelu-515gelu
  for kernel in finish_slices_nn finish_slices_nt; do
    holds "$kernel ran" grep -q "\"name\":\"$kernel\"" trace
  done
fi
exit $failed
