#!/usr/bin/env bash
# Every kernel under oclgrind, an OpenCL device that interprets: accesses out of bounds, data races,
# reads of what was never written. Its local memory and group size are a small GPU's. Short trainings
# reach all kernels; `ebb verify` would, too, in ten minutes. Oclgrind exits 0 whatever it finds, so
# its log is read, and faults are planted to see that they are found. Kernels are built without
# optimisation: oclgrind does not know LLVM's `freeze`. Which kernels ran says ebb's own trace:
# oclgrind's counter of instructions writes where it must not.
#
# oclgrind.sh ROOT EBB
set -euo pipefail
root=$(realpath "$1") ebb=$(realpath "$2")
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset EBB_DEVICE EBB_KERNEL_DIR
export EBB_MATRIX_UNIT=emulated # for --precision
failed=0

# holds WHAT command...: the check WHAT is that the command succeeds.
holds() {
  local what=$1; shift
  if "$@"; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# interpreted ENGINE ebb-train-arguments...: one epoch; the findings go to log, the launches to trace.
interpreted() {
  local engine=$1; shift
  EBB_MATMUL=$engine oclgrind --log log --data-races --uninitialized --local-mem-size 16384 \
    --max-wgsize 64 --build-options -cl-opt-disable \
    "$ebb" train "$@" --batch "${batch:-7}" --epochs 1 --trace trace --out model.safetensors --quiet >out 2>err || { tail -n 5 err >&2; return 1; }
}

# clean ENGINE ebb-train-arguments...
clean() {
  holds "$1: ebb ${*:2}" interpreted "$@"
  holds "$1: no finding" test ! -s log
  head -n 20 log
  grep -o '"name":"[a-z_0-9]*"' trace | cut -d'"' -f4 >>run
}

# 11 rows of 5 columns: a batch of 7 and what is left; 37 units: a tile and what is left.
awk -v OFS=, 'BEGIN { srand(1); for (i = 0; i < 11; i++) print rand(), rand(), rand(), rand(), rand(), i % 3 }' >rows.csv
printf '\0\0\10\2\0\0\0\13\0\0\0\5%055d' 0 >bytes.idx
printf '\0\0\10\1\0\0\0\13\0\1\2\0\1\2\0\1\2\0\1' >labels.idx

clean gpu --data rows.csv --model 37gelu --optimizer adamw --step layers
# depths of 512 and more are split: the products' own, then those of weight gradients
awk -v OFS=, 'BEGIN { for (i = 0; i < 2; i++) { for (j = 0; j < 515; j++) printf "%.3f,", rand(); print i } }' >wide.csv
awk -v OFS=, 'BEGIN { for (i = 0; i < 520; i++) print rand(), rand(), i % 3 }' >long.csv
batch=2 clean gpu --data wide.csv --valid 0 --model 4gelu-515gelu
batch=520 clean gpu --data long.csv --valid 0 --model 3tanh --task regression --step layers
clean cpu --data bytes.idx --labels labels.idx --model 37relu --optimizer adam
clean gpu --data rows.csv --model 4gelu --precision bf16 # edges, and each tile: oclgrind_matmul.sh
awk -v OFS=, 'BEGIN { for (i = 0; i < 45; i++) print rand(), rand(), rand(), i % 3 }' >many.csv
clean cpu --data rows.csv --model 17gelu-5relu --optimizer adamw --step whole
clean cpu --data bytes.idx --labels labels.idx --model 33relu --optimizer sgd --momentum 0.9 --step whole
clean cpu --data rows.csv --model 5relu --step whole --data-on host
clean gpu --data bytes.idx --labels labels.idx --model 5relu --data-on host
batch=40 clean cpu --data many.csv --valid 0 --model 3tanh --task regression --step whole # two slices
awk -v OFS=, 'BEGIN { for (i = 0; i < 2051; i++) print rand(), rand() }' >deep.csv
batch=2050 clean cpu --data deep.csv --valid 0 --model 1-1 --task regression --step layers --no-shuffle # the depth split
clean gpu --data rows.csv --model 17gelu-5relu --optimizer adamw --step whole
clean gpu --data bytes.idx --labels labels.idx --model 33relu --optimizer sgd --momentum 0.9 --step whole
batch=40 clean gpu --data many.csv --valid 0 --model 40tanh-61softplus --task regression --step whole # two slices, panels, scratch
mapfile -t sources < <(printf '%s\n' "$root"/kernels/*.cl | grep -v '/probe.cl$') # no training runs the probes of `ebb bench`
if interpreted clblast --data rows.csv --model 3relu 2>/dev/null || ! grep -q 'no CLBlast' err; then
  clean clblast --data rows.csv --model 9tanh --task regression --optimizer sgd
else
  clean cpu --data rows.csv --model 9tanh --task regression --optimizer sgd
  echo "# built without CLBlast: activation.cl, which serves it alone, is left out"
  mapfile -t sources < <(printf '%s\n' "${sources[@]}" | grep -v '/activation.cl$')
fi
kernels=$(cat "${sources[@]}" | tr '\n' ' ' | grep -oP '__kernel\s+GROUP\([^()]*\)\s*void\s+\K\w+')
missed=$(comm -23 <(sort <<<"$kernels") <(sort -u run) | tr '\n' ' ')
holds "all $(wc -w <<<"$kernels") kernels ran${missed:+, but not: $missed}" test -z "$missed"

# planted FINDING FILE sed-script: a fault in a copy of the kernels, which must be found.
planted() {
  local finding=$1 file=$2
  rm -rf kernels; cp -r "$root/kernels" .
  sed -i "$3" "kernels/$file"
  holds "$file has a place for the fault" test "$(cmp "$root/kernels/$file" "kernels/$file")"
  EBB_KERNEL_DIR=$work/kernels interpreted gpu --data rows.csv --model 17relu --step "${step:-layers}" --precision "${precision:-fp32}" 2>/dev/null || :
  holds "a planted fault is found: $finding" grep -qi "$finding" log
}

planted 'data race' matmul_gpu.cl 's/buffer ^ 1/buffer/; s/buffer ^= 1/buffer ^= 0/' # one block instead of two in turn
precision=bf16 planted 'data race' matmul_mma.cl 's/buffer ^ 1/buffer/; s/buffer ^= 1/buffer ^= 0/'
step=whole planted 'data race' whole_step_gpu.cl 's|barrier(FENCES);|if (g.phases[index].work != LOSS) &|'
planted 'invalid read' update.cl 's/close_step(state, partials, groups)/close_step(state, partials, groups + 4096)/'
planted 'uninitialized' update.h 's/const float rate = state->learning_rate/float rate/'
exit $failed
