# shellcheck shell=bash disable=SC2154 # work and dry are gpu.sh's
# Finding the driver for bench/gpu.sh; sourced by it.
#
# Containers often get the driver without the file that names it to OpenCL's loader, in a folder that
# the loader of libraries does not know, or with the version in its libraries' names alone. All of
# this is made up for within the run's own folder; nothing of the system is changed.

PATH+=:/usr/sbin:/sbin # where ldconfig is

# driver_library NAME: the driver's library NAME.so.1, else NAME.so.VERSION; nothing if there is none.
driver_library() {
  local path
  path=$(ldconfig -p 2>/dev/null | awk -v name="$1.so." 'index($1, name) == 1 { print $NF; exit }')
  [[ -n $path ]] || path=$(find ${EBB_DRIVER_FOLDERS-/usr/local/nvidia /usr/local/cuda /usr/lib /usr/lib64 /opt/nvidia} \
    -name "$1.so.*" 2>/dev/null | sort | head -n 1)
  echo "$path"
}

is_known() { ldconfig -p 2>/dev/null | grep -qF "$1"; }

# Is there an ICD file that names the driver's library, and is that there?
is_named() {
  local name
  for name in $(cat /etc/OpenCL/vendors/*.icd 2>/dev/null); do
    [[ $name == *libnvidia-opencl* ]] || continue
    if [[ -e $name ]] || is_known "$name"; then return 0; fi
  done
  return 1
}

# The libraries beside the driver's under the names by which they open one another, in a folder of
# the run, which is made known.
link_driver() {
  local folder=$1 library
  mkdir -p "$work/driver"
  for library in "$folder"/libcuda.so.* "$folder"/libnvidia-*.so.*; do
    [[ ! -e $library ]] || ln -sf "$library" "$work/driver/"
  done
  ldconfig -n "$work/driver"
  export LD_LIBRARY_PATH=$work/driver:$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
}

choose_nvidia() {
  local library
  export EBB_DEVICE=${EBB_DEVICE-gpu}
  library=$(driver_library libnvidia-opencl)
  [[ -n $library && -z ${OCL_ICD_VENDORS-} ]] || return 0
  if ! is_named; then
    mkdir -p "$work/vendors"
    realpath "$library" >"$work/vendors/nvidia.icd"
    export OCL_ICD_VENDORS=$work/vendors
  fi
  if ! is_known libcuda.so.1 || ! is_known "$library"; then link_driver "${library%/*}"; fi
}

# A dry run measures nothing that counts, so that it leaves the other devices alone. What tuning
# finds is for this run alone: ebb's cache folder is in ours, PoCL's stays where it is. Figures are
# of untuned choices, whenever they are taken.
choose_device() {
  export POCL_CACHE_DIR=${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache}
  export XDG_CACHE_HOME=$work/cache EBB_TUNE=off
  if [[ -n $dry ]]; then
    export EBB_DEVICE=${EBB_DEVICE-cpu} EBB_MATMUL=gpu
  else
    choose_nvidia
  fi
}

# What is known of the device, into files; fails where there is none, or none that is a GPU.
survey() {
  local tool=$programs/host/cli/ebb
  timeout 60 "$tool" devices --json >"$work/devices.json" || return
  "$tool" doctor
  command -v clinfo >/dev/null && timeout 20 clinfo
  command -v nvidia-smi >/dev/null && timeout 20 nvidia-smi -q -d CLOCK,ECC,MEMORY,PERFORMANCE
  [[ $EBB_DEVICE != gpu ]] || grep -q '"type": ".*GPU"' "$work/devices.json" ||
    { echo "there is no GPU among the OpenCL devices: see nvidia-smi and $tool doctor"; return 1; }
  sed -n 's/.*"\(name\|platform\|driver\|version\)": "\(.*\)".*/\2/p' "$work/devices.json" | paste -sd, | sed 's/,/, /g'
}
