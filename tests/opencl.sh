#!/usr/bin/env bash
# The tool on devices that are not here: an OpenCL driver that runs no kernel and checks every call
# (tests/opencl) plays GPUs with their limits. A violation fails, and so does an object that is not
# released. Results are zeros, so of verify, tune and bench only the launches count.
#
# opencl.sh EBB CHECKER [PROFILE...]; ALL, a variable: with what is left to the full suite
#           PROFILE: all by default
set -euo pipefail
ebb=$(realpath "$1") checker=$(realpath "$2")
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset "${!EBB_@}"
export OCL_ICD_VENDORS=$checker CHECKER_REPORT=$work/report XDG_CACHE_HOME=$work/cache EBB_KERNEL_CACHE=off
failed=0

# holds WHAT command...: the check WHAT is that the command succeeds.
holds() {
  local what=$1; shift
  if "$@"; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# launches command...: whatever its result; there are launches, and no violation.
launches() {
  rm -f report
  "$@" >out 2>&1 && status=0 || status=$?
  holds "$CHECKER_PROFILE: $*" grep -q '^end .* launches [1-9].* violations 0$' report
  if grep -q ' violations [^0]' report; then grep '^violation' report | sort | uniq -c | head -n 20; fi
}

# runs command...: the same of a command that succeeds.
runs() {
  launches "$@"
  if [[ $status != 0 ]]; then holds "$CHECKER_PROFILE: $* succeeds" false; tail -n 5 out; fi
}

# table ROWS COLUMNS CLASSES
table() {
  awk -v rows="$1" -v cols="$2" -v classes="$3" 'BEGIN { srand(1); for (i = 0; i < rows; i++) {
    for (j = 0; j < cols; j++) printf "%.3f,", rand(); print i % classes } }'
}

# trains ENGINE ebb-train-arguments...: an epoch of batches of 7 rows unless --batch says more. The
# self-test would find zeros where it expects numbers.
trains() {
  EBB_MATMUL=$1 runs "$ebb" train --batch 7 --valid 0 --epochs 1 --no-self-test --out model.safetensors --quiet "${@:2}"
}

table 34 5 3 >rows.csv
table 70 67 3 >wide.csv
rows=(--data rows.csv) weighted=(--data rows.csv --weight-column 0) wide=(--data wide.csv)
# A layer of every kind, as the help writes it; 20 units can be halved twice, and 2 members suffice.
kinds=$("$ebb" help train | awk '/^Items of SPEC/ { on = 1 } on && /^$/ { exit } on && /^  [^ ]/ { printf "%s%s", sep, $1; sep = "-" }' | sed 's/256/20/g; s/members32/members2/')

# The tiles of the programs that were built: of those of a kernel, or of all.
tiles() {
  grep -oh -- '-DTILE_ROWS=[0-9]* -DTILE_COLS=[0-9]*' programs/*"${1-matmul}"*.cl | sort -u
}

# The worker that tunes is killed at the end and reports nothing then; violations it reports at once.
tunes() {
  rm -rf report programs
  mkdir programs
  CHECKER_PROGRAMS=programs "$ebb" tune --budget 20 --model 784-512relu-10 >out 2>&1 || true
  holds "$CHECKER_PROFILE: tune builds several tiles" test "$(tiles | wc -l)" -gt 2
  holds "$CHECKER_PROFILE: tune has no violations" test ! -s report
}

trainings() {
  trains gpu "${weighted[@]}" --model 5gelu --optimizer adamw --step layers --schedule cosine --warmup 1 \
    --clip-norm 1 --l1 0.01 --freeze 1 --max-norm 0.5 --average ema=0.9
  trains gpu "${rows[@]}" --model 17gelu --step whole --data-on host
  trains gpu "${wide[@]}" --model 512relu-512relu --batch 64
  [[ -n ${ALL-} ]] || return 0
  EBB_MATRIX_UNIT=emulated trains gpu "${rows[@]}" --model "$kinds" --precision bf16
  EBB_MATRIX_UNIT=emulated trains gpu "${wide[@]}" --model 600relu --precision tf32 --batch 64
  if [[ $CHECKER_PROFILE == h200 ]]; then trains gpu "${wide[@]}" --model 600relu-600relu --precision bf16 --batch 64; fi
  trains gpu "${rows[@]}" --model "$kinds" --step layers
  trains gpu "${rows[@]}" --accumulate 2 --optimizer muon --model 'drop0.2-5gelu:nobias-res(18relu-drop0.3-5)-res(5tanh-5)'
  trains gpu "${wide[@]}" --model 4tanh --optimizer lamb --step layers
  trains cpu "${rows[@]}" --model 33relu --optimizer sgd --step layers
  trains gpu "${rows[@]}" --model 40relu-61tanh --step whole --batch 34 --task regression
  launches "$ebb" verify --quiet
  tunes
  launches "$ebb" bench step --quick --quiet
  launches "$ebb" bench matmul --quick --quiet
}

# The launches of a step of 784-512-512-10 with batches of 64: an epoch of 11 steps less one of 1.
table 64 784 10 >one.csv
cat one.csv{,,,,,,,,,,} >eleven.csv
wide_net=(--model 512relu-512relu --batch 64 --task classification)
count_launches() {
  local counts=() rows
  for rows in one eleven; do
    trains gpu --data $rows.csv "${wide_net[@]}"
    counts+=("$(sed -n 's/^end .* launches \([0-9]*\) .*/\1/p' report)")
  done
  echo "# $CHECKER_PROFILE: 784-512-512-10, batch 64: $(((counts[1] - counts[0]) / 10)) launches a step," \
    "$(sed -n 's/^end .* programs \([0-9]*\) .*/\1/p' report) programs"
}

# A tile that a driver refuses or spills gives way, and a binary that has lost its group's size is
# built again. The training goes on: the driver refuses launches of such a tile.
gives_way() {
  local fault tile training=(--data one.csv "${wide_net[@]}")
  rm -rf programs
  mkdir programs
  CHECKER_PROGRAMS=programs trains gpu "${training[@]}"
  tile=$(tiles matmul_nn | head -n 1)
  for fault in build group spill; do
    rm -f programs/*
    CHECKER_FAULT=$fault:$tile CHECKER_PROGRAMS=programs trains gpu "${training[@]}"
    holds "$fault: a tile beside $tile is used" test -n "$(tiles matmul_nn | grep -vxe "$tile")"
  done
  EBB_KERNEL_CACHE=rw trains gpu "${training[@]}"
  EBB_KERNEL_CACHE=rw trains gpu "${training[@]}"
  holds "programs come from the cache" grep -q '^end .* programs 0 cached [1-9]' report
  EBB_KERNEL_CACHE=rw CHECKER_FAULT=zero:WIDTH trains gpu "${training[@]}"
  holds "binaries without a group size are built again" grep -q '^end .* programs [1-9]' report
}

profiles=${*:-h200 rdna3 arc mali adreno apple}
for profile in $profiles; do
  export CHECKER_PROFILE=$profile
  trainings
  count_launches
done
CHECKER_PROFILE=h200 gives_way
exit $failed
