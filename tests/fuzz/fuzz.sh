#!/usr/bin/env bash
# Fuzzes all targets, as many at a time as there are processors, and prints a line for each.
# fuzz.sh SECONDS PROGRAMS OUT: the folder of the programs fuzz_NAME; the folder that gets logs, what
# is found (OUT/findings) and the inputs that reached something new (OUT/corpus). 1: there is a finding.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

last() { sed -n "s/$1/\\1/p" "$2" | tail -n 1; }

# report NAME CODE LOG
report() {
  local executions begun reached outcome="ok" finding="no finding"
  executions=$(last '^stat::number_of_executed_units: *\([0-9]*\).*' "$3")
  begun=$(last '^#.*INITED *cov: \([0-9]*\) .*' "$3")
  reached=$(last '^#.* cov: \([0-9]*\) .*' "$3")
  if (($2 != 0)); then
    outcome="not ok"
    finding=$(last '^.*Test unit written to \(.*\)$' "$3")
    finding="finding: ${finding:-none kept, see $3}"
  fi
  printf '%s - %s: %d executions, coverage %d (%d new), %s\n' "$outcome" "$1" "${executions:-0}" \
    "${reached:-0}" "$((${reached:-0} - ${begun:-${reached:-0}}))" "$finding"
}

# fuzz_one NAME SECONDS PROGRAMS OUT
fuzz_one() {
  local code=0 log=$4/$1.log
  local words=(-max_total_time="$2" -max_len=1024 -timeout=60 -malloc_limit_mb=64 -rss_limit_mb=2048
    -print_final_stats=1 -artifact_prefix="$4/findings/$1-")
  [[ ! -e $here/$1.dict ]] || words+=(-dict="$here/$1.dict")
  mkdir -p "$4/corpus/$1" "$4/findings"
  "$3/fuzz_$1" "${words[@]}" "$4/corpus/$1" "$here/corpus/$1" >"$log" 2>&1 </dev/null || code=$?
  report "$1" $code "$log"
  return $((code != 0))
}

if [[ $1 == --one ]]; then fuzz_one "${@:2}"; exit; fi

names=()
for program in "$2"/fuzz_*; do
  [[ -f $program && -x $program ]] && names+=("${program##*/fuzz_}")
done
((${#names[@]})) || { echo "fuzz.sh: no programs fuzz_* in $2" >&2; exit 2; }
printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I NAME "$0" --one NAME "$@" || exit 1
