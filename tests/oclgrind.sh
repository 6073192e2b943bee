#!/usr/bin/env bash
# Every kernel under oclgrind, an OpenCL device that interprets: accesses out of bounds, data races,
# reads of what was never written. Its local memory and group size are a small GPU's. Oclgrind exits
# 0 whatever it finds, so its log is read; and faults are planted, to see that they are found.
#
# oclgrind.sh ROOT EBB
set -euo pipefail
root=$(realpath "$1") ebb=$(realpath "$2")
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# holds WHAT command...: the check WHAT is that the command succeeds.
holds() {
  local what=$1; shift
  if "$@"; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# interpreted NAME [ebb arguments...]: runs ebb; the findings go to $work/NAME.log.
interpreted() {
  local name=$1; shift
  oclgrind --log "$work/$name.log" --max-errors 100 --data-races --uninitialized --inst-counts \
    --local-mem-size 16384 --max-wgsize 64 "$ebb" "$@" >"$work/$name.out" 2>"$work/$name.err"
}

holds "ebb verify passes on oclgrind" interpreted clean verify --model 5-7gelu-3
((failed == 0)) || tail -n 5 "$work/clean.out" "$work/clean.err"
holds "no finding" test ! -s "$work/clean.log"
head -n 40 "$work/clean.log"

kernels=$(grep -ohP '^__kernel .*?\bvoid \K\w+' "$root"/kernels/*.cl | sort)
run=$(grep -ohP "^Instructions executed for kernel '\K\w+" "$work/clean.out" | sort -u)
missed=$(comm -23 <(echo "$kernels") <(echo "$run") | tr '\n' ' ')
holds "all $(wc -w <<<"$kernels") kernels ran${missed:+, but not: $missed}" test -z "$missed"

# planted NAME FINDING FILE sed-script: the fault must be found.
planted() {
  local name=$1 finding=$2 file=$3
  cp -r "$root/kernels" "$work/$name"
  sed -i "$4" "$work/$name/$file"
  if cmp -s "$root/kernels/$file" "$work/$name/$file"; then holds "a place for $name in $file" false; return; fi
  EBB_KERNEL_DIR=$work/$name interpreted "$name" verify --model 5-7gelu-3 || :
  holds "a planted fault is found: $name, $finding" grep -qi "$finding" "$work/$name.log"
}

planted no-barrier 'data race' matmul_gpu.cl 's/barrier(CLK_LOCAL_MEM_FENCE);//'
planted past-the-end 'invalid read' update.cl 's/close_step(state, partials, groups)/close_step(state, partials, groups + 4096)/'
exit $failed
