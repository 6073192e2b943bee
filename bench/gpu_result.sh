# shellcheck shell=bash disable=SC2154 # work, out, python and others are gpu.sh's
# What bench/gpu.sh leaves: result.md, to be read, and result.tar.gz, with every row and log; sourced
# by it. Both are written anew after every part, whole, and moved into place: whatever ends the run
# leaves what was found until then.

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
  echo "- device: $(last_line "$work/device.log")"
  echo "- OpenCL: OCL_ICD_VENDORS=${OCL_ICD_VENDORS-}, EBB_DEVICE=${EBB_DEVICE-}, EBB_MATMUL=${EBB_MATMUL-}"
  echo "- ebb: ${release-none}; built: ${built:-no}; checkout: $(commit)"
  echo "- Python: $python, $("$python" --version 2>/dev/null || echo "which is not there"), PyTorch $("$python" -c 'import torch; print(torch.__version__, "CUDA", torch.version.cuda)' 2>/dev/null || echo 'cannot be imported')"
  echo "- command: \`$command_line\`; $budget s at most"
}

tables() {
  { command -v "$python" >/dev/null && "$python" bench/gpu_report.py "$out" 2>&1; } || printf '## Goals\n\nNo table: %s cannot run bench/gpu_report.py; the raw rows are below.\n' "$python"
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
  for file in "$work"/*.csv; do fenced "$file"; done
  printf '\n## The ends of the logs\n'
  for file in "$work"/*.log; do [[ $file == */builds.log ]] || fenced "$file" 20; done
}

# In the order of the parts.
part_rows() {
  local name
  for name in build device $all_parts run; do cat "$work/$name.row" 2>/dev/null; done
}

write_result() {
  [[ -f $work/describe.txt ]] || describe >"$work/describe.txt"
  { cat "$work/describe.txt"
    echo "- this call: $SECONDS s so far"
    printf '\n## Parts\n\n| part | result | s | |\n|---|---|---|---|\n'
    part_rows
    echo
    tables
    raw
  } >"$out/result.new" && mv "$out/result.new" "$out/result.md"
  tar -czf "$out/archive.new" -C "$out" --exclude=work/cache --exclude=work/driver result.md work 2>/dev/null
  mv "$out/archive.new" "$out/result.tar.gz"
  [[ -z $copy ]] || cp "$out"/result.{md,tar.gz} "$copy/"
}

give_up() {
  note "$1" failed 0 "$2"
  write_result
  echo "written: $out/result.md"
  exit 1
}

stopped() {
  trap - TERM INT
  [[ -z ${running-} ]] || { kill "$running" 2>/dev/null; wait "$running"; }
  note run stopped "$SECONDS" 'by a signal; the same command goes on'
  write_result
  exit 143
}
