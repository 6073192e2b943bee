#!/usr/bin/env bash
# Every kernel under oclgrind, on a small GPU's local memory and group size: short trainings, which
# take arguments as users' do, and products that a training has only in large layers. Each is the
# smallest that has edges and a second round of whatever there are rounds of; tiles of other sizes are
# oclgrind_matmul.sh's.
#
# oclgrind.sh ROOT EBB PRODUCTS; ALL, a variable: with what is left to the full suite
set -euo pipefail
root=$(realpath "$1") ebb=$(realpath "$2") products=$(realpath "$3")
# shellcheck source=tests/oclgrind_rig.sh
. "$root/tests/oclgrind_rig.sh"
limits=("${small[@]}")

# trains ENGINE ROWS ebb-train-arguments...: one epoch of batches of so many rows.
trains() {
  EBB_MATMUL=$1 clean "$ebb" train --batch "$2" "${@:3}" --epochs 1 --trace trace --out model.safetensors --quiet
}

# table ROWS COLUMNS
table() {
  awk -v OFS=, -v rows="$1" -v cols="$2" 'BEGIN { srand(1); for (i = 0; i < rows; i++) {
    for (j = 0; j < cols; j++) printf "%.3f,", rand(); print i % 3 } }'
}

# 11 rows of 5 columns: a batch of 7 and what is left.
table 11 5 >rows.csv
printf '\0\0\10\2\0\0\0\13\0\0\0\5%055d' 0 >bytes.idx
printf '\0\0\10\1\0\0\0\13\0\1\2\0\1\2\0\1\2\0\1' >labels.idx
# 34 rows: a slice of whole steps and what is left; 70 rows of 67 columns: a group's and what is left.
table 34 3 >many.csv
table 70 67 >wide.csv
rows=(--data rows.csv) weighted=(--data rows.csv --weight-column 0) bytes=(--data bytes.idx --labels labels.idx)
many=(--data many.csv --valid 0 --task regression) wide=(--data wide.csv --valid 0)
# The self-test of whole steps runs 33 steps, 16 of them in one launch: once for each engine is enough.
untested=(--no-self-test)

trains gpu 7 "${weighted[@]}" --valid 0 --model 5gelu --optimizer adamw --step layers --schedule cosine --warmup 1 \
  --clip-norm 1 --l1 0.01 --freeze 1 --max-norm 0.5 --average ema=0.9
trains gpu 7 "${rows[@]}" --valid 0 --model 4gelu:nobias --precision bf16
trains gpu 7 "${bytes[@]}" --model 5relu --data-on host
[[ -z ${ALL-} ]] || trains cpu 7 "${bytes[@]}" --model 37relu --optimizer adam
trains cpu 7 "${rows[@]}" --valid 0 --accumulate 2 --optimizer muon --model 'drop0.2-5gelu:nobias-res(18relu-drop0.3-5)-res(5tanh-5)' # sums with f' and without
trains cpu 70 "${wide[@]}" --model 4tanh --optimizer lamb --step layers
[[ -z ${ALL-} ]] || trains cpu 70 "${wide[@]}" --model 4tanh --optimizer sgd --step layers --task regression "${untested[@]}"
trains cpu 7 "${rows[@]}" --model 17gelu-5relu:nobias --optimizer adamw --step whole --schedule step --schedule-length 1
# Wider than slices: a team of work-items, here a launch for each phase, with the update in it and apart.
trains cpu 7 "${rows[@]}" --valid 0 --model 130relu --step whole "${untested[@]}"
trains cpu 7 "${rows[@]}" --valid 0 --model 130relu --step whole --clip-norm 1 "${untested[@]}"
[[ -z ${ALL-} ]] || trains cpu 7 "${bytes[@]}" --model 33relu --optimizer sgd --momentum 0.9 --step whole "${untested[@]}"
trains cpu 7 "${weighted[@]}" --model '5soft(z / (1 + fabs(z)))' --step whole --data-on host
trains cpu 34 "${many[@]}" --model '3celu(2)' --step whole --optimizer lbfgs --l2 0.1 # two slices
[[ -z ${ALL-} ]] || trains gpu 7 "${weighted[@]}" --model 5gelu:nobias --optimizer adamw --step whole
trains gpu 7 "${bytes[@]}" --model 33relu --optimizer sgd --momentum 0.9 --step whole --schedule exponential "${untested[@]}"
trains gpu 34 "${many[@]}" --model '40sin(3)-61leaky_relu(0.2)' --step whole "${untested[@]}" # two slices, panels, scratch

# A layer of every kind, as the help writes it; 20 units can be halved twice, and 2 members suffice.
kinds=$("$ebb" help train | awk '/^Items of SPEC/ { on = 1 } on && /^$/ { exit } on && /^  [^ ]/ { printf "%s%s", sep, $1; sep = "-" }' | sed 's/256/20/g; s/members32/members2/')
trains cpu 7 "${rows[@]}" --valid 0 --model "$kinds" --step layers "${untested[@]}"
[[ -z ${ALL-} ]] || trains gpu 7 "${rows[@]}" --valid 0 --model "$kinds" --precision bf16

# Depths that are split, by the engine gpu from 512 on, its slices finished by more than a group, and
# by the engine cpu from 2048 on. No buffer above 1 MiB: of what is written in two parts oclgrind
# forgets the first.
EBB_MATMUL=gpu clean "$products" fp32 f32 f32 9x29x513
EBB_MATMUL=cpu clean "$products" fp32 f32 f32 1x1x2049

# Few rows and many columns, by the engine cpu from 512 on: a tile and what is left, panels and what is
# left, at the end of b without padding; and a second block of the depth.
EBB_MATMUL=cpu clean "$products" fp32 f32 f32 5x543x9
[[ -z ${ALL-} ]] || EBB_MATMUL=cpu clean "$products" fp32 f32 f32 5x543x130

left_out='^probe_' # no training runs the probes of `ebb bench`
if ldd "$ebb" | grep -q clblast; then
  trains clblast 7 "${rows[@]}" --model 9tanh:nobias --task regression --optimizer sgd
else
  echo "# built without CLBlast: the kernels that serve it alone are left out"
  left_out+='|^activation_|^bias_gradient$'
fi
kernels=$(cat "$root"/kernels/*.cl | tr '\n' ' ' | grep -oP '__kernel\s+GROUP\([^()]*\)\s*void\s+\K\w+' | grep -vE "$left_out")
missed=$(comm -23 <(sort <<<"$kernels") <(sort -u run) | tr '\n' ' ')
holds "all $(wc -w <<<"$kernels") kernels ran${missed:+, but not: $missed}" test -n "$kernels" -a -z "$missed"
exit $failed
