# shellcheck shell=bash disable=SC2154 # work, programs, python, dry and smoke are gpu.sh's
# What bench/gpu.sh runs, part by part; sourced by it.
#
# A part has a share of the time, writes what it finds as it finds it, and can go on where an earlier
# call stopped: benchmarks by the rows of their CSV file, checks and tests by a file for each group of
# them. $work/PART.row is its line of the table of parts; a part with a line that says more than "out
# of time" is complete.

failed=0
rest=5 # seconds kept for the last writing

seconds_left() { echo $((budget - rest - SECONDS)); }

# note PART RESULT SECONDS DETAIL
note() {
  printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "${4//|/\\|}" >"$work/$1.row"
  echo "$1: $2, $3 s${4:+: $4}"
}

last_line() { grep -v '^[[:space:]]*$' "$1" 2>/dev/null | tail -n 1 | cut -c 1-240; }

is_complete() { [[ -f $work/$1.row ]] && ! grep -q '| out of time |' "$work/$1.row"; }

# What a part that went well has to tell: its number of rows, or its last line.
told() {
  if [[ -s $work/$1.csv ]]; then echo "$(($(wc -l <"$work/$1.csv") - 1)) rows"; else last_line "$work/$1.log"; fi
}

# limited PART SHARE command...: runs it for at most its share of what is left of the budget.
limited() {
  local left
  left=$(seconds_left)
  if ((left < 2)); then note "$1" 'out of time' 0 'not begun'; return 1; fi
  timed "$1" $(($2 < left ? $2 : left)) "${@:3}"
}

# timed PART SECONDS command...: runs it for at most these; its output goes to a log. In the
# background, so that a signal is heard at once. True if it went well.
timed() {
  local name=$1 share=$2 start=$SECONDS code
  shift 2
  timeout -k 5 "$share" bash -c '"$@"' gpu.sh "$@" </dev/null >>"$work/$name.log" 2>&1 &
  running=$!
  echo "$running" >"$work/running"
  wait "$running"
  code=$? running=''
  rm -f "$work/running"
  case $code in
    0) note "$name" 'went well' $((SECONDS - start)) "$(told "$name")" ;;
    77) note "$name" skipped $((SECONDS - start)) "$(last_line "$work/$name.log")" ;;
    124 | 137) note "$name" 'out of time' $((SECONDS - start)) "its share was $share s; what it had found is kept, and another call goes on" ;;
    *) failed=1; note "$name" failed $((SECONDS - start)) "code $code: $(last_line "$work/$name.log")" ;;
  esac
  return "$code"
}

# Ends the part of a call that was killed, which may still be at work: its process leads a group.
end_leftover() {
  local process
  process=$(cat "$work/running" 2>/dev/null) || return 0
  rm -f "$work/running"
  [[ $(cat "/proc/$process/comm" 2>/dev/null) == timeout && $(readlink "/proc/$process/cwd") == "$PWD" ]] || return 0
  kill -KILL -- "-$process"
  echo 'what an earlier call had left at work is ended'
}

# Forgets what a part has found, for one that is named and complete.
forget() { rm -rf "${work:?}/$1".{row,log,csv} "$work/$1" "$work/$1"-*.json; }

# part NAME SHARE command...
part() {
  local name=$1
  [[ $wanted == *" $name "* ]] || return 0
  remaining=${remaining#*" $name"}
  if is_complete "$name"; then
    [[ -n $named ]] || { echo "$name: done before"; return 0; }
    forget "$name"
  fi
  echo "== $name, at most $2 s; $(seconds_left) s of $budget are left; then:${remaining:- nothing}"
  limited "$@"
  write_result
}

# bench NAME SHARE [options...]: a benchmark; it leaves out the cases that its file has.
bench() {
  local name=$1 share=$2
  shift 2
  part "$name" "$share" "$programs/bench/bench_$name" "$@" --csv "$work/$name.csv" --continue
}

# --- checks and tests, side by side ---

# share_out FOLDER FUNCTION: runs FUNCTION for each line of the input, as many at once as there are
# processors; what it writes becomes FOLDER/LINE.txt where it ends with 0, 5 (wrong numbers) or 77. A
# line that has such a file is done.
share_out() {
  local jobs
  jobs=$(nproc)
  mkdir -p "$1"
  xargs -d '\n' -P $((jobs < 16 ? jobs : 16)) -I '{}' bash -c 'one_of "$@"' gpu.sh "$1" "$2" '{}'
}

one_of() {
  local file=$1/${3//[^A-Za-z0-9_.]/_} code
  [[ ! -e $file.txt ]] || return 0
  rm -f "$file.bad"
  "$2" "$3" >"$file.new" 2>"$file.err"
  code=$?
  case $code in
    0 | 5 | 77) echo "code $code" >>"$file.new"; mv "$file.new" "$file.txt" ;;
    *) echo "$3: code $code: $(last_line "$file.err")" | tee "$file.bad" ;;
  esac
  return 0
}

# checked FOLDER LIST: what the checks of a list came to; a check that gave no answer has failed.
checked() {
  local rows good bad count
  rows=$(grep -hE '^(ok|FAIL) ' "$1"/*.txt | sed 's/  error .*//; s/  */ /g; s/ $//' | sort -u)
  good=$(grep -c '^ok' <<<"$rows") bad=$(grep -c '^FAIL' <<<"$rows") count=$(sort -u "$2" | wc -l)
  grep -h '^FAIL' "$1"/*.txt
  cat "$1"/*.bad 2>/dev/null
  echo "$count checks: $good right, $bad wrong, $((count - good - bad)) without an answer"
  ((good + ${EBB_BENCH_BLIND:+$bad +} 0 == count))
}

# The name of a tile, in any precision: what follows the pass and its activation.
check_tile() {
  OPENCL_LAYERS=$programs/bench/libbuild_log.so EBB_BUILD_LOG=$work/builds.log EBB_KERNEL_CACHE=off \
    CUDA_CACHE_DISABLE=1 "$tool" verify --all --only "kernel dense_* $1"
}
check_word() { "$tool" verify --only "$1"; }

# Builds every tile configuration of every precision, checks its three products, and keeps what the
# compiler says of its registers.
tiles() {
  "$tool" verify --all --list --quiet --only "${tile_pattern:-dense_* *x*x* *x*}" >"$work/tiles.list" || return
  sed -E 's/^kernel dense_[a-z_]+ (silu )?//' "$work/tiles.list" | sort -u | share_out "$work/tiles" check_tile
  checked "$work/tiles" "$work/tiles.list"
}

# What the device uses by itself. Checks whose names begin with the same word share programs.
verify() {
  "$tool" verify --list --quiet >"$work/verify.list" || return
  awk '!seen[$2]++ { print $2 }' "$work/verify.list" | share_out "$work/verify" check_word
  checked "$work/verify" "$work/verify.list"
}

# A test of the device by its name.
run_test() {
  local -x XDG_CACHE_HOME=$work/cache/suite POCL_SIGFPE_HANDLER=0 EBB_TUNE=on
  case $1 in
    *.py) with_python "tests/$1" "$tool" examples/digits.csv ;;
    cli.sh_*) tests/cli.sh "$tool" "${1#cli.sh_}" ;;
    *) "$programs/tests/$1" ;;
  esac
}

# Of the suite, what depends on the device; what tells most comes first. Checks of all forms of all
# devices are no part of it.
device_tests='test_precision test_precision_training torch_parity.py test_matmul_gpu test_ops test_step_forms
  test_whole_groups test_graph test_trainer test_updates test_update_tensors test_norms test_members test_lbfgs
  test_formula_device test_stream test_sentinel test_sentinel_bounds test_schedule test_weights test_find_rate
  test_tune test_tune_precision test_kernel_cache test_profiling test_device test_device_limits test_sequence
  test_checkpoint test_elementary test_simple test_threads cli.sh_cases cli.sh_train cli.sh_stream cli.sh_precision'

suite() {
  local good bad skipped
  printf '%s\n' ${1-$device_tests} | share_out "$work/suite" run_test
  good=$(named_by -lx 'code 0') skipped=$(named_by -lx 'code 77')
  bad=$(named_by -lx 'code 5'; sed -s 's/: code.*//' "$work"/suite/*.bad 2>/dev/null)
  echo "$(wc -w <<<"$good") passed${bad:+, failed: ${bad//$'\n'/ }}${skipped:+, skipped: ${skipped//$'\n'/ }}"
  [[ -z $bad && -n $good ]]
}

named_by() { grep "$@" "$work"/suite/*.txt | sed 's/.*\///; s/\.txt$//'; }

# --- the rest ---

with_python() {
  command -v "$python" >/dev/null || { echo "skipped: there is no $python"; return 77; }
  "$python" "$@"
}

# tune SECONDS SECONDS [options...]: fp32, then tf32 and bf16 where there is a unit for them.
tune() {
  local first=$1 next=$2 precision
  local -x EBB_TUNE=on
  shift 2
  "$tool" tune --budget "$first" "$@" || return
  for precision in tf32 bf16; do
    "$tool" tune --precision "$precision" --budget "$next" "$@" || echo "$precision is not tuned"
  done
}

# The first of the steps and products again, with what tuning chose; into a folder of their own, for
# they are no figures of the goals.
tuned() {
  local -x EBB_TUNE=on
  local kind
  mkdir -p "$work/tuned"
  for kind in step matmul; do
    "$programs/bench/bench_$kind" --gpu --quick "$@" --csv "$work/tuned/$kind.csv" --continue || return
  done
}

run_parts() {
  part tiles 60 tiles
  part verify 60 verify
  bench step 70 --gpu
  bench matmul 80 --gpu
  bench precision 80
  bench elementwise 40 --gpu
  part tune 55 tune 25 10
  part tuned 30 tuned
  bench startup 30 --quick
  part suite 300 suite
}

run_smoke_parts() {
  part tiles 25 tiles
  part verify 25 verify
  bench step 15 --gpu --quick
  bench matmul 12 --gpu --quick --only square
  bench precision 12 --quick --only 'square 4096'
}

run_dry_parts() {
  local -x EBB_MATRIX_UNIT=emulated tile_pattern='dense_* * 32x32x* *x*'
  part tiles 180 tiles
  part verify 180 verify
  bench step 40 --gpu --quick --only 'b64 adam'
  bench matmul 40 --gpu --quick --only 'b64 L3'
  bench precision 40 --quick --only 'square 256'
  bench elementwise 40 --gpu --quick --only 'relu forward'
  part tune 40 tune 9 1 --model 16-8relu-4
  part tuned 40 tuned --only 'b64 '
  bench startup 40 --quick --only warm
  part suite 60 suite test_spec
}
