# shellcheck shell=sh disable=SC2154,SC2034,SC2086 # sourced by ../cli.sh
# Each allocation of the tool and its libraries fails, once or from then on. The command must end with
# a message and a nonzero exit code, or its result must be correct to the last byte. The library of
# failing_alloc.c makes allocations fail. Runs a sample; SHARE=i/n in the environment runs share i (from
# 0) of n of all positions, SWEEP=count that many positions for each command.

# The smallest training, from warm caches, so that each run makes the same allocations.
awk 'BEGIN { print "x,y"; for (i = 0; i < 12; i++) print i % 3 ",k" i % 2 }' >few.csv
export EBB_CACHE_DIR="$work/cache"
training="train --data few.csv --model 3tanh --epochs 2 --batch 8 --valid 0.25 --lr 0.05 --json --log"

# Prepares the files for a command before each run; a case sets it.
before=:

# fails VARIABLES ARGUMENT...: runs the tool with an allocation that fails.
fails() {
  variables=$1
  shift
  $before
  env $variables LD_PRELOAD="$failing" "$ebb" "$@" >out 2>err </dev/null
  got=$?
}

# Removes what differs between runs: times and rates.
steady() { sed -E 's/"[a-z_]*(second|seconds|_s)": *[0-9.e+-]*,?//g' "$1"; }

# Checks a run whose correct outputs are right.out and right.FILE. check FILE WHERE
check() {
  if [ $got -gt 6 ]; then
    flunk "$2: exit code $got: $(head -c 300 err)"
  elif [ $got -ne 0 ]; then # popt ends the process itself
    grep -q '^ebb: .\|^virtual memory exhausted' err || flunk "$2: exit code $got without a message"
    [ ! -e "$1" ] || [ "$1" = none ] || code 0 info "$1"
    [ "$before" = : ] || goes_on "$1" "$2"
  else
    [ "$1" = none ] || cmp -s "$1" "right.$1" || flunk "$2: exit code 0 with another model"
    steady out >steady.out
    steady right.out | cmp -s - steady.out || flunk "$2: exit code 0 with another result: $(diff steady.out right.out | head -c 300)"
  fi
}

# Resumes from the checkpoints that a failure left: the training must end as usual. goes_on FILE WHERE
goes_on() {
  ls run/*.json >/dev/null 2>&1 || return 0
  ls run/*.tmp >/dev/null 2>&1 && flunk "$2: temporary files are left in run"
  code 0 train --resume run --quiet --json --out "$1"
  cmp -s "$1" "right.$1" || flunk "$2: another model comes from its checkpoint"
}

# sweep SAMPLE FILE ARGUMENT...: sweeps a command at SAMPLE positions.
sweep() {
  sample=${SWEEP:-$1} file=$2
  runs=0
  shift 2
  fails "FAILING_ALLOC_LOG=count" "$@"
  [ $got -eq 0 ] || flunk "$*: exit code $got: $(head -c 300 err)"
  cp out right.out
  [ "$file" = none ] || mv "$file" "right.$file"
  total=$(cat count)
  [ "$total" -gt 20 ] || flunk "$*: only $total allocations are seen"
  step=$(((total + sample - 1) / sample))
  at=$((step / 2 + 1))
  if [ -n "${SHARE:-}" ]; then step=${SHARE#*/} at=$((${SHARE%/*} + 1)); fi
  while [ $at -le "$total" ]; do
    for sticky in '' FAILING_ALLOC_STICKY=1; do
      [ "$file" = none ] || rm -f "$file"
      fails "FAILING_ALLOC_N=$at $sticky" "$@"
      runs=$((runs + 1))
      check "$file" "allocation $at of $total${sticky:+ and all after it}, $1"
    done
    at=$((at + step))
  done
  [ -z "${SHARE:-}${SWEEP:-}" ] || echo "# $runs of $((2 * total)) failures: $*"
  ls ./*.tmp >/dev/null 2>&1 && flunk "$*: temporary files are left"
}

begin "a failed allocation is an error, or does no harm"
code 0 $training log --quiet --out model.safetensors
cp model.safetensors kept.safetensors
sweep 6 model.safetensors $training log --quiet --out model.safetensors
sweep 3 none eval kept.safetensors --data few.csv --quiet --json
sweep 3 none predict kept.safetensors --data few.csv --quiet
sweep 3 none predict kept.safetensors --data few.csv --quiet --json
sweep 3 none info kept.safetensors --json
sweep 3 none info kept.safetensors
sweep 3 none data few.csv --quiet --json
sweep 3 none data few.csv --quiet

begin "checkpoints are whole, whatever fails while they are written or read"
begun() { rm -rf run; }
before=begun
sweep 4 model.safetensors $training log --checkpoint run --every 1epochs --quiet --out model.safetensors
code 0 $training log --checkpoint half --every 1epochs --quiet --epochs 1 --out half.safetensors
halfway() { rm -rf run && cp -r half run; }
before=halfway
sweep 4 model.safetensors train --resume run --epochs 2 --quiet --json --log log --out model.safetensors
before=:
