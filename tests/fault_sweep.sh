#!/usr/bin/env bash
# OpenCL calls of the tool that misbehave, one at a time or all from one on, by the layer of
# fault_layer.c. Whatever the driver does: no crash, no hang, no OpenCL object and no file left
# behind, and exit code 0 only with the right result. With the exit codes 1, 3, 4 and 5 there is a
# message, and the file at --out is either the earlier one, or a model that the same training writes
# without faults.
#
# Some faults cannot be detected from outside: a driver that omits a launch, one of its arguments or
# a copy, and reports success. The self-test, counts of steps and rows, and the sentinel detect some
# of these; the others are counted as unseen. PoCL itself ends the process by an assertion if an
# argument was omitted: counted as ended by the driver. Files must be complete in either case.
#
# fault_sweep.sh EBB LAYER KINDS COMMANDS COUNT [SHARE/SHARES]
#   KINDS     words of: errors, lies, flips, spoofs, hangs
#   COMMANDS  words of: train, layers, streamed, cached, eval, predict
set -uo pipefail
ebb=$(realpath "$1") layer=$(realpath "$2") kinds=$3 commands=$4 count=$5 share=${6:-0/1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/box" "$work/tmp" "$work/right" "$work/cache"
cd "$work/box" || exit 1
while read -r name; do unset "$name"; done < <(compgen -e EBB_)
export EBB_DEVICE=cpu EBB_KERNEL_CACHE=off TMPDIR=$work/tmp FAULT_LOG=$work/log LC_ALL=C
declare -A total=()
POLLS=40 # of events, that are drawn from: how many there are depends on how fast the machine is

awk 'BEGIN {
  seed = 7
  print "u,v,kind"
  for (i = 0; i < 120; i++) {
    seed = (seed * 16807) % 2147483647; x = seed / 2147483647 * 4 - 2
    seed = (seed * 16807) % 2147483647; y = seed / 2147483647 * 4 - 2
    printf "%.6f,%.6f,%s\n", x, y, (x * y > 0 ? "same" : "other")
  }
}' >data.csv

training=(train --data data.csv --model 8relu --epochs 2 --batch 32 --valid 0.25 --quiet --json --out new.safetensors)
"$ebb" "${training[@]}" >/dev/null 2>&1 && mv new.safetensors model.safetensors || exit 1

# set_command NAME: its arguments, what it writes, and what else is in the folder.
set_command() {
  product=new.safetensors
  case $1 in
    train | cached) arguments=("${training[@]}") ;;
    layers) arguments=("${training[@]}" --step layers --sentinel 1 --checkpoint run --every 1epochs) ;;
    streamed) arguments=("${training[@]}" --step layers --data-on host) ;;
    eval) arguments=(eval model.safetensors --data data.csv --quiet --json) product='' ;;
    predict) arguments=(predict model.safetensors --data data.csv --quiet --out new.csv) product=new.csv ;;
  esac
  export EBB_KERNEL_CACHE=off
  if [[ $1 == cached ]]; then export EBB_KERNEL_CACHE=rw EBB_CACHE_DIR=$work/cache; fi
}

# run VARIABLE=VALUE...: the command under the layer; its processor time ends it should it hang.
run() {
  rm -rf "$FAULT_LOG" run new-*.safetensors
  (ulimit -St 60; exec timeout -s KILL 300 env OPENCL_LAYERS="$layer" "$@" "$ebb" "${arguments[@]}" "${more[@]}") \
    >"$work/stdout" 2>"$work/stderr" </dev/null
}

# What is the same in each run: no times, nothing of where it ran.
steady() { grep -vE '"[a-z_]*(seconds?|device|platform|driver|programs_[a-z]*)":|"[a-z_]*per_second":' "$1"; }

# Undisturbed, twice, so that kernels are compiled; and the model that is good after one epoch.
prepare() {
  more=()
  rm -rf "${work:?}"/right/*
  if [[ ${arguments[0]} == train ]]; then
    "$ebb" "${arguments[@]}" --epochs 1 >/dev/null 2>&1 && mv new.safetensors "$work/right/first" || return 1
    rm -rf run
    "$ebb" predict model.safetensors --data data.csv >"$work/right/predictions"
  fi
  run && run || return 1
  [[ -z $product ]] || mv "$product" "$work/right/product"
  steady "$work/stdout" >"$work/right/stdout"
  cp "$FAULT_LOG" "$work/calls"
  cp -r "$work/cache" "$work/right/cache"
  ls -A >"$work/right/files"
  is_clean
}

is_clean() { [[ -e $FAULT_LOG ]] && ! grep '^live' "$FAULT_LOG" | grep -qE '=-?[1-9][0-9]*/'; }

# Are two texts the same but for small differences of their numbers?
are_near() {
  paste <(tr -s ' ,:{}' '\n' <"$1") <(tr -s ' ,:{}' '\n' <"$2") | awk '
    $1 == $2 { next }
    $1 + 0 == 0 && $1 !~ /^-?[0.]/ { exit bad = 1 }
    { d = $1 - $2; m = $1 < 0 ? -$1 : $1; if (d < 0) d = -d; if (d > 1e-4 + 1e-3 * m) exit bad = 1 }
    END { exit bad }'
}

# The very bytes; or a result that is as good, where the device has told other things of itself.
is_right() {
  steady "$work/stdout" >"$work/found"
  if cmp -s "$work/found" "$work/right/stdout" && { [[ -z $product ]] || cmp -s "$product" "$work/right/product"; }; then
    return 0
  fi
  [[ $1 == *SPOOF* || $1 == *clGet*Info* ]] || return 1
  are_near "$work/found" "$work/right/stdout" || return 1
  case $product in
    '') ;;
    *.csv) are_near "$product" "$work/right/product" ;;
    *) "$ebb" predict "$product" --data data.csv >"$work/found" && are_near "$work/found" "$work/right/predictions" ;;
  esac
}

# After a failure: the file of before, or one that is right, and the failure came later; and beside it what
# was rescued, if there is something.
is_whole() {
  local made file
  for made in "$product" new-*.safetensors; do
    [[ -n $made && -e $made ]] || continue
    for file in "$work/before" "$work/right/product" "$work/right/first" ''; do
      [[ -n $file ]] || return 1
      ! cmp -s "$made" "$file" || break
    done
  done
}

has_leftovers() {
  [[ -n $(ls -A "$work/tmp") ]] || compgen -G 'run/*.tmp' >/dev/null ||
    ls -A | grep -vxF -f "$work/right/files" | grep -vxF -e run -e "$product" -e "$product.sentinel.safetensors" | grep -vx 'new-[0-9]*.safetensors' | grep -q .
}

# PoCL has ended the process: it looked at a kernel whose argument it had been kept from setting.
is_ended_by_driver() { [[ $1 == *clSetKernelArg*lie* ]] && grep -q 'pocl.*: Assertion .* failed' "$work/stderr"; }

is_unseen() { [[ $1 == *@(clSetKernelArg|clEnqueue@(NDRangeKernel|CopyBuffer|FillBuffer|BarrierWithWaitList))*lie* ]]; }

# What is wrong with the run; nothing if all is well. verdict KIND CODE INJECTION
verdict() {
  case $2 in
    0)
      [[ $1 != hangs ]] || grep -q '^fired 0' "$FAULT_LOG" || echo unnoticed
      is_right "$3" || if is_unseen "$3"; then echo unseen; else echo wrong; fi ;;
    1 | 3 | 4 | 5)
      [[ $1 != hangs || $2 == 4 ]] || echo code
      grep -q '^ebb: .' "$work/stderr" || echo silent
      is_whole || echo changed ;;
    137) echo hang ;;
    134) if is_ended_by_driver "$3"; then is_whole || echo changed; echo ended; else echo crash; fi ;;
    *) echo crash ;;
  esac
  if [[ $3 != *clGetEventInfo*lie* && $2 != 134 ]] && ! grep -q 'no progress for\|has not opened' "$work/stderr"; then # or all is left to the driver
    is_clean || echo leak
  fi
  ! has_leftovers || echo leftover
}

# A cache that a fault has changed gives the right result all the same.
is_cache_good() {
  diff -rq "$work/cache" "$work/right/cache" >/dev/null && return
  "$ebb" "${arguments[@]}" >/dev/null 2>&1 && cmp -s "$product" "$work/right/product" &&
    rm -rf "$work/cache" && cp -r "$work/right/cache" "$work/cache"
}

# inject COMMAND KIND VARIABLE=VALUE...
inject() {
  local what="$*" code faults
  echo "the file before" >"$work/before"
  if [[ -n $product ]]; then cp "$work/before" "$product"; fi
  more=()
  if [[ $2 == hangs || $2 == lies ]]; then more=(--device-timeout 1); fi
  run "${@:3}"
  code=$?
  faults=$(verdict "$2" $code "$what" | tr '\n' ' ')
  [[ $1 != cached ]] || is_cache_good || faults+='cache '
  total[runs]=$((${total[runs]:-0} + 1)) total[code$code]=$((${total[code$code]:-0} + 1))
  if [[ $faults == 'unseen ' || $faults == 'ended ' ]]; then
    total[$faults]=$((${total[$faults]:-0} + 1))
  elif [[ -n $faults ]]; then
    total[faults]=$((${total[faults]:-0} + 1))
    echo "not ok - $what: exit code $code: $faults: $(tail -n 1 "$work/stderr" | head -c 300)"
  fi
  if [[ -n ${FAULT_REPORT-} ]]; then
    echo "$what | $code | $faults| $(grep -o '^ebb: .*' "$work/stderr" | head -n 1)" >>"$FAULT_REPORT"
  fi
  rm -rf new.* run "${work:?}"/tmp/*
}

# injections KIND: all of a command, a line each.
injections() {
  local api calls n mode
  case $1 in
    spoofs)
      for api in GLOBAL ALLOC LOCAL GROUP UNITS WIDTH TYPE ALIGN; do
        for n in 0 1 3 7 33 1000 65537 0x7fffffff 0xffffffff 0x7fffffffffffffff 0xffffffffffffffff; do
          echo "SPOOF_$api=$n"
        done
      done
      return ;;
  esac
  while read -r api calls; do
    if [[ $api == clGetEventInfo || $api == clSetEventCallback ]]; then calls=$((calls < POLLS ? calls : POLLS)); fi
    for ((n = 1; n <= calls; n++)); do
      case $1 in
        errors) mode="FAULT_CODE=-$((n % 5 == 0 ? 1 : n % 5 == 1 ? 4 : n % 5 == 2 ? 6 : n % 5 == 3 ? 36 : 5))" ;;
        lies) mode=FAULT_MODE=lie ;;
        hangs) mode=FAULT_MODE=hang ;;
        flips)
          [[ $api == clEnqueueRead* || $api == clEnqueueWrite* ]] || continue
          mode='FAULT_MODE=corrupt' ;;
      esac
      echo "FAULT_API=$api FAULT_N=$n $mode"
      case $1 in
        errors | lies) echo "FAULT_API=$api FAULT_N=$n $mode FAULT_STICKY=1" ;;
        hangs) [[ $api != clEnqueue* ]] || echo "FAULT_API=$api FAULT_N=$n FAULT_MODE=stall" ;;
        flips)
          echo "FAULT_API=$api FAULT_N=$n $mode FAULT_BYTE=0 FAULT_XOR=0x01"
          echo "FAULT_API=$api FAULT_N=$n $mode FAULT_BYTE=$((n * 37 % 97)) FAULT_XOR=0x80" ;;
      esac
    done
  done < <(grep '^cl' "$work/calls")
}

# Those of this share, in an order that looks random. A line's place is by its own text alone, so that one
# call more or less does not draw others.
chosen() {
  injections "$1" | awk -v salt="$2 $1 " 'BEGIN { for (i = 32; i < 127; i++) code[sprintf("%c", i)] = i }
    { text = salt $0; hash = 7
      for (i = 1; i <= length(text); i++) hash = (hash * 16807 + code[substr(text, i, 1)]) % 2147483647
      print hash, $0 }' | sort -n | cut -d ' ' -f 2- | awk -v i="${share%/*}" -v n="${share#*/}" 'NR % n == i' |
    if [[ $count == all ]]; then cat; else head -n "$count"; fi
}

for command in $commands; do
  set_command "$command"
  prepare || { echo "not ok - $command: undisturbed: $(tail -n 3 "$work/stderr"; grep '^live' "$FAULT_LOG")"; exit 1; }
  for kind in $kinds; do
    while read -r line; do
      # shellcheck disable=SC2086 # words
      inject "$command" "$kind" $line
    done < <(chosen "$kind" "$command")
  done
done
for key in "${!total[@]}"; do echo -n "$key ${total[$key]}, "; done | sed 's/, $/\n/'
((${total[runs]:-0} > 0 && ${total[faults]:-0} == 0))
