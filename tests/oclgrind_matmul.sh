#!/usr/bin/env bash
# A tile configuration of the engine gpu under oclgrind: accesses out of bounds, data races, reads of
# what was never written, in one training step that has tiles' edges in rows and columns. On a small
# device, with 16 KiB of local memory and 64 work-items a group, also one whose depths are split: on
# larger tiles that takes oclgrind minutes, and the split asks nothing of a tile's size.
#
# Training and not `ebb verify`, for time, and because oclgrind takes what clEnqueueWriteBufferRect
# has written for uninitialised.
#
# oclgrind_matmul.sh EBB CONFIGURATION [small]
set -euo pipefail
ebb=$(realpath "$1") limits=()
if [[ ${3-} == small ]]; then limits=(--local-mem-size 16384 --max-wgsize 64); fi
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset EBB_DEVICE EBB_KERNEL_DIR
export EBB_MATMUL=gpu EBB_MATMUL_CONFIG=$2
failed=0

# holds WHAT command...: the check WHAT is that the command succeeds.
holds() {
  local what=$1; shift
  if "$@"; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# interpreted ROWS COLUMNS MODEL: one step of all rows; findings go to log, the kernels that ran to out.
interpreted() {
  awk -v OFS=, -v rows="$1" -v cols="$2" 'BEGIN { srand(1); for (i = 0; i < rows; i++) {
    for (j = 0; j < cols; j++) printf "%.3f,", rand(); print i % 3 } }' >rows.csv
  oclgrind --log log --data-races --uninitialized --inst-counts "${limits[@]}" --build-options -cl-opt-disable \
    "$ebb" train --data rows.csv --model "$3" --batch "$1" --valid 0 --epochs 1 --step layers --out model.safetensors --quiet \
    >out 2>err || { tail -n 5 err >&2; return 1; }
}

clean() {
  holds "$EBB_MATMUL_CONFIG: $1 rows of $2 columns, $3" interpreted "$@"
  holds "no finding" test ! -s log
  head -n 20 log
}

clean 9 3 133gelu # edges of columns, of a weight gradient's rows, and depths of several blocks
clean 131 3 5gelu # edges of rows
if [[ ${3-} == small ]]; then
  clean 2 515 4gelu-515gelu
  for kernel in add_slices_nn add_slices_nt; do
    holds "$kernel ran" grep -q "kernel '$kernel'" out
  done
fi
exit $failed
