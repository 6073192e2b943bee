# shellcheck shell=sh disable=SC2154,SC2034,SC2086 # sourced by ../cli.sh
# `ebb tune`: its results are kept and take effect; candidates that crash, hang, do not build or
# give wrong numbers do no harm. Uses the engine gpu on any device; nothing depends on which
# candidate is fastest.

export POCL_CACHE_DIR="${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache}"
export XDG_CACHE_HOME="$work/cache" EBB_MATMUL=gpu
kept=$work/cache/ebb/tune
source=$(cd "$tests/.." && pwd)
file() { ls "$kept"/*.json 2>/dev/null; }
count() { grep -c "$1" "$2"; }

# plant FOLDER FAULT...: kernels with a fault in some configurations.
# A fault is `ROWSxCOLSxSTEPS:CODE`, inserted at the start of the three products.
plant() {
  folder=$1
  shift
  cp -r "$source/kernels" "$folder"
  text=''
  for fault; do
    tiles=${fault%%:*}
    rows=${tiles%%x*} rest=${tiles#*x}
    text="$text
#if TILE_ROWS == $rows && TILE_COLS == ${rest%%x*} && STEPS == ${rest#*x}
${fault#*:}
#endif"
  done
  for path in "$source"/kernels/matmul*gpu*.cl; do
    awk -v text="$text" '{ print } /^  MULTIPLY\(/ { print text }' "$path" >"$folder/${path##*/}"
  done
}
wrong='tile[0] += 1;'
crash='*(volatile __global int *)(depth > 0 ? (size_t)8 : (size_t)c) = 1;'
unwritten='if (depth > 0) return;' # an earlier correct result must not pass for this one's
unbuilt='this does not compile;'

# No test waits for a time limit. The compiler of a hanging configuration first reads a pipe, which shows
# the test that it has started. The test then moves the tool's clock or sends a signal.
mkfifo pipe
hang='#ifndef PIPE
#define PIPE
#include </proc/self/cwd/pipe>
#endif
for (volatile int forever = 1; forever;) {}'
plant slow "64x32x16:$hang" "64x64x16:$hang"

# begins KERNELS MODEL: starts the tool.
begins() {
  : >ahead
  EBB_KERNEL_DIR="$work/$1" CLOCK_SHIFT="$work/ahead" LD_PRELOAD="$clock" ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0" \
    "$ebb" tune --model "$2" --batch 17 --budget 600 --json >out 2>err </dev/null &
  process=$!
}

# Waits until the tool reaches a hanging configuration.
hangs() {
  rm -f reached
  (: >pipe && : >reached) &
  opener=$!
  until [ -e reached ] || ! kill -0 $process 2>/dev/null; do sleep 0.05; done
  [ -e reached ] || { flunk "it never hangs: $(cat out err)"; kill $opener; }
}

later() { head -c "$1" /dev/zero >>ahead; }

# ends CODE: checks the exit code of what was started.
ends() {
  wait $process
  got=$?
  [ $got -eq "$1" ] || flunk "exit code $got, not $1: $(cat err)"
  json out
}

begin "tune finds, keeps and tells"
code 0 tune --model 21-30-5 --batch 17 --budget 3600 --json
[ "$(grep -c '^device .* (' err)" -eq 1 ] || flunk "not one line on the device: $(cat err)"
lines 1 err
json out
for key in device platform driver engine budget_seconds seconds classes file results refused choice default ms default_ms ratio; do
  out "\"$key\": "
done
[ "$(field engine out)" = gpu ] || flunk "engine: $(field engine out)"
[ "$(count '"layout": ' out)" -eq 3 ] || flunk "not three classes: $(cat out)"
[ "$(field file out)" = "$(file)" ] || flunk "file: $(field file out) is not $(file)"
json "$(file)"
[ "$(count '"choice": ' "$(file)")" -eq 3 ] || flunk "kept: $(cat "$(file)")"
[ "$(stat -c %a "$(file)")" = 600 ] || flunk "mode of the file: $(stat -c %a "$(file)")"

begin "tune keeps to its time and what was found before"
good=$(grep '"choice": ' "$(file)" | grep -vc '64x32x16\|64x64x16') # earlier choices, except those that hang now
begins slow 21-30-5
hangs
later 500 # more than a quarter of the time: the candidate is refused
hangs
later 100 # the rest of the time
ends 0
[ "$(count '"why": ' out)" -eq 1 ] || flunk "not one candidate is refused, but: $(cat out)"
[ "$(count '"layout": ' out)" -lt "$(field classes out)" ] || flunk "all classes are tuned: $(cat out)"
[ "$(cat out err | count '^device ' -)" -le 1 ] || flunk "more than one line on the device: $(cat out err)"
[ "$(count '"choice": ' "$(file)")" -ge "$good" ] || flunk "choices are lost: $(cat "$(file)")"

begin "each precision has choices of its own"
cp "$(file)" before.json
with EBB_MATRIX_UNIT=emulated code 0 tune --precision bf16 --model 21-30 --batch 17 --budget 3600 --json
json out
[ "$(field precision out)" = bf16 ] || flunk "precision: $(field precision out)"
[ "$(field engine out)" = emulated ] || flunk "engine: $(field engine out)"
out '"choice": "32x32x8 16x32"\|"choice": "64x64x8 32x64"\|"choice": "128x'
[ "$(ls "$kept" | wc -l)" -eq 2 ] || flunk "files: $(ls "$kept")"
made=$(field file out)
[ "$(field precision "$made")" = bf16 ] || flunk "kept: $(cat "$made")"
rm "$made"
cmp -s before.json "$(file)" || flunk "fp32's choices have changed"

begin "tune refuses"
complains 2 'is not one of fp32, tf32, bf16' tune --precision fp8
complains 2 'is not a number from 1 to' tune --budget 0
complains 2 'batch belongs to --model' tune --batch 3
complains 2 'unknown activation' tune --model 3rellu-2
complains 2 'unexpected "device"' tune device
complains 3 '^ebb: --device: no device matches "nosuch"' tune --device nosuch
with EBB_MODEL=x complains 2 '^ebb: --model: spec:1:4: unknown' tune --model 2-3rleu-2
complains 2 'train does not take --budget' train --budget 3

begin "nothing to choose from"
if "$ebb" devices 2>/dev/null | grep -A1 '^\*' | grep -q '^ *CPU,'; then
  with EBB_MATMUL='' code 0 tune
  out '^device '
  out '^ended .*a CPU has one way to multiply .*EBB_MATMUL=gpu.*nothing to choose from$'
  lines 2 out
  silent err
  with EBB_MATMUL='' code 0 tune --model 21-30 --json --quiet
  json out
  out '"ended": ".*nothing to choose from"'
  silent err
fi
with EBB_MATMUL=cpu code 0 tune
out '^ended .*EBB_MATMUL forces an engine .*nothing to choose from$'
with EBB_MATMUL_CONFIG='64x64x8 8x8' code 0 tune --json
json out
out '"ended": "EBB_MATMUL_CONFIG forces .*nothing to choose from"'
out '"file": null'

# refused NAME WHY: checks that the result reports it.
refused() {
  tr -d '\n' <out | grep -q "\"choice\": \"$1\", *\"why\": \"[^}]*$2" || flunk "$1 is not refused for $2: $(cat out)"
}

begin "bad candidates are refused, and the program lives on"
plant faulty "64x32x16:$unwritten" "64x64x16:$crash" "64x64x8:$unbuilt" "128x64x8:$hang"
begins faulty 21-30
hangs
later 310 # more than half of the time: it hangs while it is built
ends 0
refused '64x32x16 8x4' 'error .*, bound'
refused '64x64x16 8x4' 'its process'
refused '64x64x8 8x8' 'does not build'
refused '128x64x8 8x8' 'not built within 300'
[ "$(count '"why": ' out)" -eq 4 ] || flunk "other candidates are refused: $(cat out)"
[ "$(count '"ratio": ' out)" -eq 2 ] || flunk "not two classes: $(cat out)"

begin "a default that crashes is replaced"
plant worse "32x32x16:$crash" "64x32x16:$wrong" "64x64x16:$wrong" "64x64x8:$wrong" "128x64x8:$wrong"
with EBB_KERNEL_DIR="$work/worse" code 0 tune --model 21-30 --batch 17 --budget 3600
out '^refused .*32x32x16 4x4 .*: its process .*'
[ "$(count '^refused ' out)" -eq 5 ] || flunk "refused: $(cat out)"
[ "$(grep -c '^[nt][nt] .* 128x128x8 8x8 .* 32x32x16 4x4  *-  *-$' out)" -eq 2 ] || flunk "not chosen: $(cat out)"
[ "$(count '"choice": "128x128x8 8x8"' "$(file)")" -ge 2 ] || flunk "not kept: $(cat "$(file)")"

begin "what cannot be kept is told"
rm -r "$kept"
mkdir elsewhere
ln -s "$work"/elsewhere "$kept"
code 1 tune --model 21-30 --batch 17 --budget 3600 --quiet
err 'is a link or not a folder'
out '^tuned '
[ -z "$(ls elsewhere)" ] || flunk "files were written through a link"
rm "$kept"

begin "signals keep what was found"
begins slow 21-30
hangs
kill -INT $process
ends 130
[ "$(count '"layout": ' out)" -ge 1 ] || flunk "nothing was found: $(cat out)"
[ -n "$(file)" ] || flunk "nothing is kept: $(cat out)"
