#!/usr/bin/env bash
# A tile configuration of the products under oclgrind, of the engine gpu (fp32) or the emulated matrix
# unit (tf32, bf16): the three layouts, with edges of tiles in rows and columns, and with a depth of
# two blocks and what is left. In bf16 operands and results are kept in bfloat16, as in hidden layers;
# with `mixed` one of both is, as in the first and the last layer.
#
# On a small device, with 16 KiB of local memory and 64 work-items a group, or a large one, which is
# oclgrind's own, 32 KiB, but 48 KiB, as GPUs have, for the configuration that needs more. With
# `split` a depth that is cut into slices instead. `races`: without reads of what was never written,
# which cost three times all the rest.
#
# Products and not `ebb verify`, for time, and because oclgrind takes what clEnqueueWriteBufferRect
# has written for uninitialised.
#
# oclgrind_matmul.sh PRODUCTS PRECISION CONFIGURATION small|large edges|mixed|split|races
set -euo pipefail
products=$(realpath "$1") precision=$2 tiles=$3 size=$4 part=$5
# shellcheck source=tests/oclgrind_rig.sh
. "$(dirname "$(realpath "$0")")/oclgrind_rig.sh"
export EBB_MATMUL=gpu EBB_MATMUL_CONFIG=$tiles
limits=()
if [[ $size == small ]]; then limits=("${small[@]}"); fi
if [[ $tiles == 128x128x16* ]]; then limits=(--local-mem-size 49152); fi
if [[ $part == races ]]; then checks=(--data-races --uniform-writes); fi
type=f32
if [[ $precision == bf16 ]]; then type=bf16; fi

IFS=x read -r rows cols steps <<<"${tiles%% *}"
if [[ $type == bf16 ]]; then steps=$((2 * steps)); fi # of two in a word
if [[ $part == split ]]; then
  shapes=(9x29x513)
else
  shapes=("$((rows + 3))x$((cols + 5))x$((steps / 2 + 1))" "$((rows - 3))x$((cols - 5))x$((2 * steps + 1))")
fi
if [[ $part == mixed ]]; then
  clean "$products" "$precision" f32 bf16 "${shapes[@]}"
  clean "$products" "$precision" bf16 f32 "${shapes[@]}"
else
  clean "$products" "$precision" $type $type "${shapes[@]}"
fi
if [[ $part == split ]]; then
  for kernel in finish_slices_nn finish_slices_nt add_slices; do holds "$kernel ran" grep -q "^$kernel" run; done
fi
exit $failed
