#!/usr/bin/env bash
# Every OpenCL call of a command failing, one at a time and for good: no crash, no hang, no object
# left, no exit code but 0, 1, 3 and 4, and the file that the command writes is the one that it writes
# undisturbed; or, unless the exit code is 0, the one that was there before.
#
# fault_sweep.sh LAYER sample|all OUT COMMAND...
#   LAYER   the library of fault_layer.c; FAULT_MODE and FAULT_CODE are handed on to it
#   sample  of each API's calls the first, the middle and the last; all: every one
#   OUT     what COMMAND writes
set -uo pipefail
layer=$(realpath "$1") part=$2 out=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export FAULT_LOG=$work/log
runs=0 failed=0

# run VARIABLE=VALUE...: the command under the layer; its processor time ends it should it hang.
run() {
  rm -f "$FAULT_LOG"
  (ulimit -St 60; exec timeout 600 env OPENCL_LAYERS="$layer" "$@") >"$work/stdout" 2>"$work/stderr" </dev/null
}

is_clean() { ! grep '^live' "$FAULT_LOG" | grep -qE '=-?[1-9][0-9]*/'; }

flunk() {
  echo "not ok - $*: $(tail -n 1 "$work/stderr" | head -c 300)"
  failed=$((failed + 1))
}

# After a failure: nothing was written, or what was to be written, and the failure came later.
is_whole() { cmp -s "$out" "$work/before" || cmp -s "$out" "$work/good"; }

# try API N VARIABLE=VALUE...
try() {
  local what="$*" code
  cp "$work/before" "$out"
  run FAULT_API="$1" FAULT_N="$2" "${@:3}" "${command[@]}"
  code=$?
  runs=$((runs + 1))
  case $code in
    0) cmp -s "$out" "$work/good" || flunk "$what: exit code 0, but another file" ;;
    1 | 3 | 4) is_whole || flunk "$what: exit code $code, and another file" ;;
    *) flunk "$what: exit code $code" ;;
  esac
  [[ -e $FAULT_LOG ]] || { flunk "$what: no report"; return; }
  is_clean || flunk "$what: left behind: $(grep '^live' "$FAULT_LOG")"
}

# numbers COUNT: which of an API's calls.
numbers() {
  if [[ $part == all ]]; then seq "$1"; else printf '%d\n' 1 $((($1 + 1) / 2)) "$1" | sort -nu; fi
}

command=("$@")
echo "the file before" >"$work/before"
run "${command[@]}" && run "${command[@]}" || { flunk "undisturbed: exit code $?"; exit 1; } # kernels are compiled now
is_clean || flunk "undisturbed: left behind: $(grep '^live' "$FAULT_LOG")"
cp "$out" "$work/good"
cp "$FAULT_LOG" "$work/calls"
while read -r api count; do
  for n in $(numbers "$count"); do
    try "$api" "$n"
    try "$api" "$n" FAULT_STICKY=1
  done
done < <(grep '^cl' "$work/calls")
((runs > 20)) || flunk "only $runs runs"
echo "$runs runs, $failed faults"
exit $((failed > 0))
