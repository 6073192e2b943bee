# shellcheck shell=bash disable=SC2034,SC2154 # sourced by the oclgrind*.sh; ebb, products: theirs
# Shared by the tests under oclgrind. Oclgrind is an OpenCL device that interprets kernels: it finds
# accesses out of bounds, data races and reads of uninitialised memory. It exits 0 whatever it
# finds, so its log is read. Kernels are built without optimisation: oclgrind does not know LLVM's
# `freeze`. ebb itself reports which kernels ran: oclgrind's instruction counter writes out of
# bounds.
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset EBB_DEVICE EBB_KERNEL_DIR EBB_MATMUL_CONFIG
export EBB_MATRIX_UNIT=emulated # for precisions other than fp32
failed=0

small=(--local-mem-size 16384 --max-wgsize 64) # a small GPU's

# What is looked for. Reads of what was never written cost three times all the rest.
checks=(--data-races --uniform-writes --uninitialized)

# holds WHAT command...: the check WHAT is that the command succeeds.
holds() {
  local what=$1; shift
  if "$@"; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# interpreted command...: under oclgrind with `limits`; the findings go to log, the output to out.
interpreted() {
  oclgrind --log log "${checks[@]}" "${limits[@]}" --build-options -cl-opt-disable "$@" >out 2>err ||
    { tail -n 5 err >&2; return 1; }
}

# clean command...: there is nothing to find; the kernels that ran are added to run.
clean() {
  rm -f trace
  holds "$*" interpreted "$@"
  holds "no finding" test ! -s log
  head -n 20 log
  if [[ -e trace ]]; then grep -o '"name":"[a-z_0-9]*"' trace | cut -d'"' -f4 >>run; else cat out >>run; fi
}
