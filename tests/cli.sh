#!/bin/sh
# The tool from outside: exit codes, output on stdout and stderr, files. A case begins with `begin
# NAME`; each line after it is a check.
#
# cli.sh EBB              all parts that need only the tool, one after the other
# cli.sh EBB PART [PRELOAD] one part of cli/; PRELOAD is the library of shifted_clock.c, for tune, or of
#                         failing_alloc.c, for allocations
# shellcheck disable=SC2034,SC2317 # the cases are in files of their own

failed=0
if [ $# -eq 1 ]; then
  for part in usage config data rows train schedule best checkpoint eval cases precision stream faults files signals io kills losses verify profile bench real; do "$0" "$1" $part || failed=1; done
  exit $failed
fi

ebb=$(realpath "$1") && [ -x "$ebb" ] || exit 1
tests=$(cd "$(dirname "$0")" && pwd)
clock=${3:+$(realpath "$3")} failing=$clock
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

for option in DATA LABELS TARGET TASK MODEL BATCH EPOCHS SEED LR OUT LOG JSON QUIET CONFIG VALID PROFILE TRACE MATMUL PRECISION MATRIX_UNIT COMMAND_BUFFER NO_CLOBBER; do
  unset "EBB_$option"
done
export EBB_DEVICE="${EBB_DEVICE:-cpu}" LC_ALL=C

name='' why='' setting=''

finish() {
  [ -n "$name" ] || return 0
  if [ -z "$why" ]; then
    echo "ok $name"
  else
    echo "not ok $name"
    printf '%s' "$why"
    failed=1
  fi
}

begin() {
  finish
  name=$1 why=''
}

flunk() {
  why="$why    $*
"
}

# code N ARGUMENT...: runs the tool; its output is in out and err.
code() {
  wanted=$1
  shift
  env ${setting:+"$setting"} "$ebb" "$@" >out 2>err </dev/null
  got=$?
  [ "$got" -eq "$wanted" ] || flunk "$setting ebb $*: exit code $got, not $wanted: $(head -c 400 err)"
}

# with VARIABLE=VALUE CHECK...: a check with a variable in the tool's environment.
with() {
  setting=$1
  shift
  "$@"
  setting=''
}

out() { grep -q -e "$1" out || flunk "stdout lacks \"$1\": $(head -c 900 out)"; }
err() { grep -q -e "$1" err || flunk "stderr lacks \"$1\": $(head -c 300 err)"; }
silent() { [ ! -s "$1" ] || flunk "std$1 is not empty: $(head -c 300 "$1")"; }
one_line() { [ "$(wc -l <err)" -eq 1 ] || flunk "stderr is not one line: $(head -c 400 err)"; }
lines() { [ "$(wc -l <"$2")" -eq "$1" ] || flunk "$2 has $(wc -l <"$2") lines, not $1"; }
same() { cmp -s "$1" "$2" || flunk "$1 and $2 differ"; }
differ() { cmp -s "$1" "$2" && flunk "$1 and $2 are the same"; }

# A complaint: exit code N, one line on stderr with a text, nothing on stdout. complains N TEXT ARGUMENT...
complains() {
  wanted_code=$1 text=$2
  shift 2
  code "$wanted_code" "$@"
  err "$text"
  err '^ebb: '
  one_line
  silent out
}

# json FILE: is it JSON? Each line of its own, if the file is a log.
json() {
  if command -v jq >/dev/null; then
    jq -e . "$1" >/dev/null 2>&1 || flunk "$1 is not JSON: $(head -c 300 "$1")"
  else
    grep -q '^{\|^\[' "$1" || flunk "$1 does not look like JSON"
  fi
}

# field KEY FILE: the last value of a key in a JSON text.
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p" "$2" | tail -1; }

# near A B TOLERANCE [ABSOLUTE]: are two numbers relatively that near, or that near?
near() {
  awk -v a="$1" -v b="$2" -v t="$3" -v u="${4:-0}" 'BEGIN {
    d = a - b; if (d < 0) d = -d; m = a < 0 ? -a : a
    exit !(a != "" && b != "" && d <= t * (m > 1e-6 ? m : 1e-6) + u) }' || flunk "\"$1\" is not near \"$2\""
}

at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 >= b + 0) }' || flunk "\"$1\" is not at least $2"; }

# Rows of two inputs and a class or a value; the same on every machine.
rows() {
  awk -v count="$1" -v kind="$2" 'BEGIN {
    seed = 7
    print kind == "value" ? "u,v,target" : "u,v,kind"
    for (i = 0; i < count; i++) {
      seed = (seed * 16807) % 2147483647; x = seed / 2147483647 * 4 - 2
      seed = (seed * 16807) % 2147483647; y = seed / 2147483647 * 4 - 2
      if (kind == "value") printf "%.6f,%.6f,%.6f\n", x, y, 2 * x - y + 0.5
      else printf "%.6f,%.6f,%s\n", x, y, (x * y > 0 ? "same" : "\"un,like\"")
    }
  }'
}

rows 200 class >class.csv
rows 150 value >value.csv

# tensors HEADER BYTES: a safetensors file of zeros on standard output; the header has below 512 bytes.
tensors() {
  printf "\\$(printf %03o $((${#1} % 256)))\\$(printf %03o $((${#1} / 256)))\\0\\0\\0\\0\\0\\0%s" "$1"
  head -c "$2" /dev/zero
}

# The models of train.sh, for parts that only use them, and files that faults.sh compares.
models() {
  code 0 train --data class.csv --model 16tanh --epochs 30 --lr 0.01 --quiet --out class.safetensors
  code 0 train --data value.csv --model 16tanh --epochs 60 --lr 0.02 --quiet --out value.safetensors
  cut -d, -f1,2 class.csv >inputs.csv
  cp class.csv copy.csv
}

case $2 in faults | verify) begin models && models ;; esac
# shellcheck disable=SC1090
. "$tests/cli/$2.sh"
finish
exit $failed
