#!/usr/bin/env bash
# One command for a machine with an NVIDIA GPU: builds, verifies, tests, measures against cuBLAS and
# PyTorch's CUDA, within a budget of time, and leaves one file, FOLDER/result.md. That file is written
# anew after every part, so that whatever ends the run leaves what was measured until then.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

usage() {
  cat <<'END'
usage: bench/gpu.sh [--dry-run] [--out FOLDER] [--use FOLDER] [--budget SECONDS] [--parts A,B]
       bench/gpu.sh --pack [FOLDER]
       bench/gpu.sh --publish [FOLDER]

  --dry-run   the same on a processor (PoCL), small, with ebb's kernels for GPUs; CUDA is skipped
  --out       where result.md, the CSV files and the logs go (default: build/gpu)
  --use       take the programs of this build or pack instead of building
  --budget    seconds for everything (default: 540)
  --parts     of: verify tune matmul step elementwise precision startup probes suite (default: all)
  --pack      build here and put what has to travel into FOLDER (default: build/gpu-pack)
  --publish   put the table of FOLDER's figures (default: build/gpu) into docs/benchmarks.md

DEVICE=pocl is --dry-run. EBB_BENCH_PYTHON names the interpreter that has PyTorch (default: python3).
END
}

fail() { echo "gpu.sh: $*" >&2; exit 2; }

made=build/gpu-build pack=build/gpu-pack
out=build/gpu use='' budget=540 dry='' wanted='' verb=run
all_parts='verify tune matmul step elementwise precision startup probes suite'
command_line="bench/gpu.sh $*"

needs_value() { (($1 > 1)) || fail "$2 needs a value; see bench/gpu.sh --help"; }

read_options() {
  [[ ${DEVICE-} != pocl ]] || dry=yes
  while (($#)); do
    case $1 in
      --dry-run) dry=yes ;;
      --pack) verb=pack; [[ $# == 1 ]] || { pack=$2; shift; } ;;
      --publish) verb=publish; [[ $# == 1 ]] || { out=$2; shift; } ;;
      --out) needs_value $# "$1"; out=$2; shift ;;
      --use) needs_value $# "$1"; use=$2; shift ;;
      --budget) needs_value $# "$1"; budget=$2; shift ;;
      --parts) needs_value $# "$1"; wanted=${2//,/ }; shift ;;
      --help | -h) usage; exit 0 ;;
      *) fail "no such option: $1; see bench/gpu.sh --help" ;;
    esac
    shift
  done
  [[ $budget =~ ^[1-9][0-9]{0,5}$ ]] || fail "--budget: \"$budget\" is no number of seconds"
  local part
  for part in $wanted; do
    [[ " $all_parts " == *" $part "* ]] || fail "--parts: there is no \"$part\"; there are $all_parts"
  done
  wanted=" ${wanted:-$all_parts} "
}

# --- what is run ---

source bench/gpu_pack.sh

# Sets `programs` to the folder of what is measured, and `built` to where it comes from.
find_programs() {
  local missing
  programs='' built=''
  if [[ -n $use ]]; then
    programs=$use built="as given, $use"
    return
  fi
  missing=$(lacking)
  if [[ -z $missing ]]; then
    limited build 150 make_it "$made" && programs=$made built="here, commit $(commit)"
  else
    note build 'not built' 0 "this machine lacks $missing"
  fi
  [[ -z $programs && -f $pack/manifest ]] || return 0
  programs=$pack built="$pack: $(paste -sd, "$pack/manifest" | sed 's/,/, /g')"
}

# Does the tool load? Else `why_not`: of a pack, the libc that it needs and the one that is here.
programs_load() {
  local said
  why_not="nothing to run: this machine cannot build and there is no $pack; run bench/gpu.sh --pack where it can be built, and bring that folder"
  [[ -n $programs ]] || return
  why_not="$programs/host/cli/ebb is not there"
  [[ -x $programs/host/cli/ebb ]] || return
  said=$("$programs/host/cli/ebb" --version 2>&1) && { release=$said; return; }
  why_not="$programs/host/cli/ebb does not run: ${said//$'\n'/ }; made for: $built; here is $(version_of_glibc), $(uname -m)"
  return 1
}

# --- the device ---

# The driver's OpenCL library, where the loader or the usual folders have it.
find_nvidia() {
  local path
  path=$(ldconfig -p 2>/dev/null | awk '/libnvidia-opencl\.so\.1/ { print $NF; exit }')
  [[ -n $path ]] || path=$(find /usr/local/nvidia /usr/lib /usr/lib64 /opt/nvidia -name libnvidia-opencl.so.1 2>/dev/null | head -n 1)
  echo "$path"
}

# Containers often get the driver without the file that names it to OpenCL's loader. One of our own
# does; only the GPU is then in the list. Libraries beside a driver that the loader does not know are
# made known, for the driver opens them by name.
choose_nvidia() {
  local library
  library=$(find_nvidia)
  export EBB_DEVICE=${EBB_DEVICE-gpu}
  [[ -n $library ]] || return 0
  mkdir -p "$out/vendors"
  echo "$library" >"$out/vendors/nvidia.icd"
  export OCL_ICD_VENDORS=$PWD/$out/vendors
  [[ $out != /* ]] || export OCL_ICD_VENDORS=$out/vendors
  ldconfig -p 2>/dev/null | grep -q libnvidia-opencl && return
  export LD_LIBRARY_PATH=${library%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

# A dry run measures nothing that counts, so that it leaves the other devices alone. What tuning
# finds is for this run alone: ebb's cache folder is in ours, PoCL's stays where it is.
choose_device() {
  export POCL_CACHE_DIR=${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache}
  export XDG_CACHE_HOME=$PWD/$out/ebb-cache
  [[ $out != /* ]] || XDG_CACHE_HOME=$out/ebb-cache
  if [[ -n $dry ]]; then
    export EBB_DEVICE=cpu EBB_MATMUL=gpu
  else
    choose_nvidia
  fi
}

# --- parts ---

failed=0
rest=5 # seconds kept for the last writing

# note PART RESULT SECONDS DETAIL: a line of the table of parts; write_result prints them.
note() {
  printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "${4//|/\\|}" >>"$out/parts.txt"
  echo "$1: $2, $3 s${4:+: $4}"
}

last_line() { grep -v '^[[:space:]]*$' "$1" 2>/dev/null | tail -n 1 | cut -c 1-240; }

# What a part that went well has to tell: its number of rows, or its last line.
told() {
  if [[ -s $out/$1.csv ]]; then echo "$(($(wc -l <"$out/$1.csv") - 1)) rows"; else last_line "$out/$1.log"; fi
}

# limited PART SHARE command...: runs it for at most its share of what is left of the budget; its
# output goes to a log. In the background, so that a signal is heard at once. True if it went well.
limited() {
  local name=$1 share=$2 left=$((budget - rest - SECONDS)) start=$SECONDS code
  shift 2
  ((share <= left)) || share=$left
  if ((share < 2)); then note "$name" skipped 0 'no time is left'; return 1; fi
  timeout -k 5 "$share" bash -c '"$@"' gpu.sh "$@" </dev/null >"$out/$name.log" 2>&1 &
  running=$!
  wait "$running"
  code=$? running=''
  case $code in
    0) note "$name" 'went well' $((SECONDS - start)) "$(told "$name")" ;;
    77) note "$name" skipped $((SECONDS - start)) "$(last_line "$out/$name.log")" ;;
    124 | 137) note "$name" 'out of time' $((SECONDS - start)) "its share was $share s; what it had measured is kept" ;;
    *) failed=1; note "$name" failed $((SECONDS - start)) "code $code: $(last_line "$out/$name.log")" ;;
  esac
  return "$code"
}

# part NAME SHARE command...
part() {
  [[ $wanted == *" $1 "* ]] || return 0
  limited "$@"
  write_result
}

# bench NAME SHARE [options...]
bench() {
  local name=$1 share=$2
  shift 2
  part "$name" "$share" "$programs/bench/bench_$name" "$@" --csv "$out/$name.csv"
}

# The tests of the suite, one by one, on this device; at the end one line, the failed ones named.
suite() {
  local test good=0 bad=() skipped=() code
  for test in "$programs"/tests/test_* tests/cli.sh tests/torch_parity.py; do
    [[ -x $test && -f $test || $test == *.py ]] || continue
    run_test "$test"
    code=$?
    case $code in
      0) good=$((good + 1)) ;;
      77) skipped+=("${test##*/}") ;;
      *) bad+=("${test##*/}") ;;
    esac
    echo "== ${test##*/}: code $code"
  done
  echo "$good passed, ${#bad[@]} failed${bad[0]+: ${bad[*]}}${skipped[0]+; skipped: ${skipped[*]}}"
  ((${#bad[@]} == 0 && good > 0))
}

with_python() {
  command -v "$python" >/dev/null || { echo "skipped: there is no $python"; return 77; }
  "$python" "$@"
}

# Without what was tuned: some tests ask for what is chosen without tuning.
run_test() {
  local -x XDG_CACHE_HOME=$XDG_CACHE_HOME/suite
  case $1 in
    *.py) with_python "$1" "$programs/host/cli/ebb" examples/digits.csv ;;
    *.sh) "$1" "$programs/host/cli/ebb" ;;
    *) POCL_SIGFPE_HANDLER=0 "$1" ;;
  esac 2>&1
}

# What ebb itself says, by its own probes: for a machine without PyTorch.
probes() {
  local kind
  for kind in matmul step elementwise; do
    "$programs/host/cli/ebb" bench "$kind" --quick --json >"$out/probe-$kind.json" || return
  done
  echo "written: probe-matmul.json, probe-step.json, probe-elementwise.json"
}

dry_suite() { POCL_SIGFPE_HANDLER=0 "$programs/tests/test_spec" 2>&1 && echo "of the suite, a dry run takes test_spec"; }
dry_probes() {
  "$programs/host/cli/ebb" bench matmul --shape 64x64x64 --quick --json >"$out/probe-matmul.json" && echo "written: probe-matmul.json"
}

# What the device uses by itself, then every tile configuration: tuning may choose any.
verify() {
  local tool=$programs/host/cli/ebb
  "$tool" verify && "$tool" verify --all --only 'dense_* *x*x* *x*'
}

# tune SECONDS SECONDS [options...]: fp32, then tf32 and bf16 where there is a unit for them.
tune() {
  local tool=$programs/host/cli/ebb first=$1 next=$2 precision
  shift 2
  "$tool" tune --budget "$first" "$@" || return
  for precision in tf32 bf16; do
    "$tool" tune --precision "$precision" --budget "$next" "$@" || echo "$precision is not tuned"
  done
}

# Correctness first, tuning before speed, then the goals in their order, the suite with all the time
# that is left.
run_parts() {
  local tool=$programs/host/cli/ebb
  part verify 130 verify
  part tune 60 tune 24 11
  bench matmul 120 --gpu
  bench step 90 --gpu
  bench elementwise 70 --gpu
  part precision 50 with_python bench/gpu_precision.py "$tool" "$out/precision.csv"
  bench startup 20
  part probes 30 probes
  part suite 300 suite
}

run_dry_parts() {
  local tool=$programs/host/cli/ebb
  part verify 180 "$tool" verify
  part tune 40 tune 9 1 --model 16-8relu-4
  bench matmul 40 --gpu --quick --only '784-512-512-10 b32 L3'
  bench step 40 --gpu --quick --only '784-128-10 b32 adam'
  bench elementwise 40 --gpu --quick --only 'relu forward'
  part precision 20 with_python bench/gpu_precision.py "$tool" "$out/precision.csv"
  bench startup 40 --quick --only warm
  part probes 20 dry_probes
  part suite 60 dry_suite
}

# --- the result ---

gpu_line() {
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader 2>/dev/null ||
    echo "no nvidia-smi"
}

describe() {
  echo "# ebb on a GPU, $(date +%F)"
  echo
  [[ -z $dry ]] || printf 'A dry run, on a processor: it shows that the script works. **No figure here is of a GPU.**\n\n'
  echo "- machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1), $(nproc) cores, $(uname -sr), $(version_of_glibc)"
  echo "- GPU: $(gpu_line)"
  echo "- device: $(sed -n 's/.*"\(name\|platform\|driver\|version\)": "\(.*\)".*/\2/p' "$out/devices.json" 2>/dev/null | paste -sd, | sed 's/,/, /g')"
  echo "- OpenCL: OCL_ICD_VENDORS=${OCL_ICD_VENDORS-}, EBB_DEVICE=${EBB_DEVICE-}, EBB_MATMUL=${EBB_MATMUL-}"
  echo "- ebb: ${release-none}; built: ${built:-no}; checkout: $(commit)"
  echo "- Python: $python, $("$python" --version 2>&1), PyTorch $("$python" -c 'import torch; print(torch.__version__, "CUDA", torch.version.cuda)' 2>/dev/null || echo 'cannot be imported')"
  echo "- command: \`$command_line\`; $budget s at most"
}

tables() {
  "$python" bench/gpu_report.py "$out" 2>&1 || printf '## Goals\n\nNo table: %s cannot run bench/gpu_report.py; the raw rows are below.\n' "$python"
}

# fenced FILE [lines]: a file, or its end.
fenced() {
  [[ -s $1 ]] || return 0
  printf '\n### %s\n\n```\n' "${1##*/}"
  if [[ -n ${2-} ]]; then tail -n "$2" "$1" | cut -c 1-400; else cat "$1"; fi
  printf '```\n'
}

raw() {
  local file
  printf '\n## Raw rows\n'
  for file in "$out"/*.csv "$out"/probe-*.json; do fenced "$file"; done
  printf '\n## The ends of the logs\n'
  grep -E '^(== |not ok|\[  FAILED)' "$out/suite.log" >"$out/suite.txt" 2>/dev/null # what is easily lost in it
  fenced "$out/suite.txt"
  for file in "$out"/*.log; do fenced "$file" 40; done
}

# Whole, then moved into place: a reader never finds half of it.
write_result() {
  [[ -f $out/describe.txt ]] || describe >"$out/describe.txt"
  { cat "$out/describe.txt"
    echo "- time so far: $SECONDS s"
    printf '\n## Parts\n\n| part | result | s | |\n|---|---|---|---|\n'
    cat "$out/parts.txt"
    echo
    tables
    raw
  } >"$out/result.new" && mv "$out/result.new" "$out/result.md"
}

give_up() {
  note device failed 0 "$1"
  write_result
  echo "written: $out/result.md"
  exit 1
}

stopped() {
  trap - TERM INT
  [[ -z ${running-} ]] || kill "$running" 2>/dev/null
  note run stopped "$SECONDS" 'by a signal'
  write_result
  exit 143
}

clear_folder() {
  mkdir -p "$out" || fail "$out cannot be made"
  rm -f "$out"/{matmul,step,elementwise,precision,startup}.csv "$out"/probe-*.json "$out"/*.log "$out"/{result.md,describe.txt,suite.txt,parts.txt,devices.json}
  rm -rf "$out/ebb-cache"
  : >"$out/parts.txt"
}

run() {
  python=${EBB_BENCH_PYTHON:-python3}
  clear_folder
  trap stopped TERM INT
  export -f tune verify suite run_test with_python probes dry_suite dry_probes make_it
  export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C out python
  find_programs
  export programs EBB_BENCH_TOOL=$programs/host/cli/ebb
  programs_load || give_up "$why_not"
  choose_device
  timeout 60 "$programs/host/cli/ebb" devices --json >"$out/devices.json" 2>"$out/devices.log" ||
    give_up "no OpenCL device: $(last_line "$out/devices.log")"
  [[ $EBB_DEVICE != gpu ]] || grep -q '"type": "GPU"' "$out/devices.json" ||
    give_up "there is no GPU among the OpenCL devices: see nvidia-smi and $programs/host/cli/ebb doctor"
  describe >"$out/describe.txt" # anew: the device is known by now
  write_result
  if [[ -n $dry ]]; then run_dry_parts; else run_parts; fi
  write_result
  echo "written: $out/result.md, after $SECONDS s"
  return $failed
}

read_options "$@"
case $verb in
  pack) make_pack ;;
  publish) exec "${EBB_BENCH_PYTHON:-python3}" bench/gpu_report.py "$out" --publish ;;
  run) run ;;
esac
