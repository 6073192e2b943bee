#!/usr/bin/env bash
# One command for a machine with a GPU: builds, checks and measures ebb, against cuBLAS and PyTorch's
# CUDA where they are, within a budget of time. What tells most comes first. A second call goes on
# where the first one stopped, for whatever reason.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

usage() {
  cat <<'END'
usage: bench/gpu.sh [--smoke | --dry-run] [--out FOLDER] [--copy FOLDER] [--use FOLDER]
                    [--budget SECONDS] [--parts A,B] [--new]
       bench/gpu.sh --pack [FOLDER]
       bench/gpu.sh --publish [FOLDER]

  --smoke     the least that tells whether all is well, in 90 seconds; for a first call
  --dry-run   the same as a full run on a processor (PoCL), small, with ebb's kernels for GPUs
  --out       where result.md, result.tar.gz and the folder work go
              (default: build/gpu; of --smoke build/gpu-smoke, of --dry-run build/gpu-dry)
  --copy      result.md and result.tar.gz go to this folder, too, after each part
  --use       take the programs of this build or pack instead of building
  --budget    seconds for everything (default: 540; of --smoke 90)
  --parts     of: tiles verify step matmul precision elementwise tune tuned startup suite
              (default: all that are not complete; one that is named and complete runs anew)
  --new       forget what earlier calls have found; without it the same programs go on
  --pack      build here and put what has to travel into FOLDER (default: build/gpu-pack)
  --publish   put the table of FOLDER's figures (default: build/gpu) into docs/benchmarks.md

DEVICE=pocl is --dry-run. EBB_BENCH_PYTHON names the interpreter that has PyTorch (default: python3).
END
}

fail() { echo "gpu.sh: $*" >&2; exit 2; }

made=build/gpu-build pack=build/gpu-pack
out='' copy='' use='' budget='' dry='' smoke='' named='' anew='' verb=run
all_parts='tiles verify step matmul precision elementwise tune tuned startup suite'
command_line="bench/gpu.sh $*"

needs_value() { (($1 > 1)) || fail "$2 needs a value; see bench/gpu.sh --help"; }

read_options() {
  [[ ${DEVICE-} != pocl ]] || dry=yes
  while (($#)); do
    case $1 in
      --dry-run) dry=yes ;;
      --smoke) smoke=yes ;;
      --new) anew=yes ;;
      --pack) verb=pack; [[ $# == 1 ]] || { pack=$2; shift; } ;;
      --publish) verb=publish; [[ $# == 1 ]] || { out=$2; shift; } ;;
      --out) needs_value $# "$1"; out=$2; shift ;;
      --copy) needs_value $# "$1"; copy=$2; shift ;;
      --use) needs_value $# "$1"; use=$2; shift ;;
      --budget) needs_value $# "$1"; budget=$2; shift ;;
      --parts) needs_value $# "$1"; named=${2//,/ }; shift ;;
      --help | -h) usage; exit 0 ;;
      *) fail "no such option: $1; see bench/gpu.sh --help" ;;
    esac
    shift
  done
  [[ -z $dry || -z $smoke ]] || fail '--smoke and --dry-run do not go together'
  : "${budget:=$([[ -n $smoke ]] && echo 90 || echo 540)}"
  [[ $budget =~ ^[1-9][0-9]{0,5}$ ]] || fail "--budget: \"$budget\" is no number of seconds"
  local part chosen=$all_parts
  [[ -z $smoke ]] || chosen='tiles verify step matmul precision'
  for part in $named; do
    [[ " $all_parts " == *" $part "* ]] || fail "--parts: there is no \"$part\"; there are $all_parts"
  done
  wanted=' '
  for part in $all_parts; do # in their order
    [[ " ${named:-$chosen} " != *" $part "* ]] || wanted+="$part "
  done
  : "${out:=build/gpu${smoke:+-smoke}${dry:+-dry}}"
}

source bench/gpu_pack.sh
source bench/gpu_device.sh
source bench/gpu_parts.sh
source bench/gpu_result.sh

# Sets `programs` to the folder of what is measured, and `built` to where it comes from. A pack of
# this checkout needs no building, whose time would count.
find_programs() {
  local missing
  programs='' built=''
  if [[ -n $use ]]; then
    programs=$use built="as given, $use"
    return
  fi
  if [[ -f $pack/manifest ]]; then
    built="$pack: $(paste -sd, "$pack/manifest" | sed 's/,/, /g')"
    grep -qxE "commit ($(commit)|unknown)" "$pack/manifest" && programs=$pack && return
  fi
  missing=$(lacking)
  if [[ -z $missing ]]; then
    limited build 150 make_it "$made" && programs=$made built="here, commit $(commit)" && return
  else
    note build 'not built' 0 "this machine lacks $missing"
  fi
  [[ ! -f $pack/manifest ]] || programs=$pack
}

# Does the tool load? Else, with the spare libraries of a pack? Else `why_not`: of a pack, the libc that
# it needs and the one that is here.
programs_load() {
  local said
  why_not="nothing to run: this machine cannot build and there is no $pack; run bench/gpu.sh --pack where it can be built, and bring that folder"
  [[ -n $programs ]] || return
  why_not="$programs/host/cli/ebb is not there"
  [[ -x $programs/host/cli/ebb ]] || return
  release=$("$programs/host/cli/ebb" --version 2>/dev/null) && return
  [[ ! -d $programs/lib/spare ]] || ln -sf spare/{libstdc++.so.6,libgcc_s.so.1,libz.so.1} "$programs/lib/"
  said=$("$programs/host/cli/ebb" --version 2>&1) && { release=$said; return; }
  why_not="$programs/host/cli/ebb does not run: ${said//$'\n'/ }; made for: $built; here is $(version_of_glibc), $(uname -m)"
  return 1
}

# Puts aside what other programs have found, or what --new is not to go on with.
begin_folder() {
  local stamp number=1
  stamp="${smoke:+smoke }${dry:+dry }$(cat "$programs"/host/cli/ebb "$programs"/{host,lib}/libebb.so.0 2>/dev/null | cksum)"
  if [[ -f $work/stamp && ( -n $anew || $(cat "$work/stamp") != "$stamp" ) ]]; then
    while [[ -e $out/earlier-$number ]]; do number=$((number + 1)); done
    mkdir "$out/earlier-$number"
    mv "$out"/result.md "$out"/result.tar.gz "$work" "$out/earlier-$number/"
    echo "what was there is in $out/earlier-$number now"
    mkdir "$work"
    cp "$out/earlier-$number"/work/build.{row,log} "$work/" 2>/dev/null
  fi
  echo "$stamp" >"$work/stamp"
}

run() {
  python=${EBB_BENCH_PYTHON:-python3} running=''
  mkdir -p "$out" || fail "$out cannot be made"
  out=$(realpath "$out") work=$out/work
  [[ -z $copy ]] || mkdir -p "$copy" || fail "$copy cannot be made"
  mkdir -p "$work"
  end_leftover
  rm -f "$work"/{run,device,build}.{row,log}
  trap stopped TERM INT
  find_programs
  programs=$(realpath -- "${programs:-.}")
  begin_folder
  export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C work programs python device_tests
  export tool=$programs/host/cli/ebb EBB_BENCH_TOOL=$programs/host/cli/ebb
  # shellcheck disable=SC2046 # names of functions
  export -f $(declare -F | awk '{ print $3 }')
  programs_load || give_up build "$why_not"
  choose_device
  timed device 60 survey || give_up device "no OpenCL device to use: $(last_line "$work/device.log")"
  describe >"$work/describe.txt"
  write_result
  remaining=$wanted
  if [[ -n $dry ]]; then run_dry_parts; elif [[ -n $smoke ]]; then run_smoke_parts; else run_parts; fi
  write_result
  echo "written: $out/result.md and result.tar.gz, after $SECONDS s"
  return $failed
}

read_options "$@"
case $verb in
  pack) make_pack ;;
  publish) exec "${EBB_BENCH_PYTHON:-python3}" bench/gpu_report.py "$out" --publish ;;
  run) run ;;
esac
