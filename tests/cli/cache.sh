# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# The kernel cache: `ebb cache`, and programs from the cache in one process and in ten at once. A
# separate test, since it starts many processes at once. PoCL's own cache is not touched.

export POCL_CACHE_DIR="${POCL_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pocl/kcache}"
kernels=$work/cache/ebb/kernels
export XDG_CACHE_HOME="$work/cache"

# A model of one layer, with few programs. All its predictions must equal those without the cache.
begin "without the cache"
export EBB_KERNEL_CACHE=off
code 0 train --data class.csv --model 2-2 --epochs 1 --quiet --out small.safetensors
code 0 predict small.safetensors --data class.csv --quiet --out plain.csv
unset EBB_KERNEL_CACHE

begin "cache shows its folder and every device"
code 0 cache
silent err
out "^folder  *$kernels, not made yet$"
out '^files  *0, 0.0 MiB of at most 256 MiB$'
[ "$(grep -c '^device [0-9]' out)" -eq "$("$ebb" devices --json | grep -c '"index"')" ] || flunk "devices: $(cat out)"
[ ! -e cache ] || flunk "looking made the folder"
with EBB_KERNEL_CACHE=ro code 0 cache
out '^device 0  *ro .*: EBB_KERNEL_CACHE$'
with EBB_KERNEL_CACHE=rw code 0 cache --json
json out
for key in folder exists problem files bytes limit devices index name platform mode reason; do out "\"$key\": "; done
[ "$(field mode out)" = rw ] || flunk "mode: $(field mode out)"
mkdir empty
with OCL_ICD_VENDORS="$work"/empty code 0 cache
out "^folder  *$kernels"
code 0 cache --clear
out "^removed 0 files, 0.0 MiB, from $kernels$"
[ ! -e cache ] || flunk "clearing made the folder"

begin "cache refuses"
with EBB_KERNEL_CACHE=yes complains 2 'EBB_KERNEL_CACHE=yes: must be off, ro or rw' cache
with EBB_KERNEL_CACHE=yes complains 2 'EBB_KERNEL_CACHE=yes: must be off, ro or rw' eval small.safetensors --data class.csv
complains 2 'unexpected "clear"' cache clear
complains 2 'train does not take --clear' train --clear
with EBB_CLEAR=1 code 0 cache
out '^folder '

begin "ten processes at once on a cold cache"
export EBB_KERNEL_CACHE=rw
processes=''
for i in 0 1 2 3 4 5 6 7 8 9; do
  "$ebb" predict small.safetensors --data class.csv --quiet --out ten$i.csv >ten$i.out 2>&1 </dev/null &
  processes="$processes $!"
done
for process in $processes; do wait "$process" || flunk "a process failed"; done
for i in 0 1 2 3 4 5 6 7 8 9; do
  same plain.csv ten$i.csv
  [ ! -s ten$i.out ] || flunk "process $i says: $(head -c 300 ten$i.out)"
done
ls "$kernels"/*.tmp >/dev/null 2>&1 && flunk "temporary files are left"
files=$(find "$kernels" -name '*.kernel' | wc -l)
at_least "$files" 1
[ "$(find "$kernels" -type f | wc -l)" -eq "$files" ] || flunk "strange files: $(ls "$kernels")"

begin "train tells where its programs came from, and gets the same bytes"
for run in built cached; do
  code 0 train --data class.csv --model 2-2 --epochs 3 --json --out $run.safetensors
  cp out $run.json
done
[ "$(field programs_cached cached.json)" -ge 1 ] || flunk "nothing came from the cache: $(cat cached.json)"
[ "$(field programs_built cached.json)" -eq 0 ] || flunk "programs were built: $(cat cached.json)"
with EBB_KERNEL_CACHE=off code 0 train --data class.csv --model 2-2 --epochs 3 --json --out off.safetensors
[ "$(field programs_cached out)" -eq 0 ] || flunk "off loads programs: $(cat out)"
same built.safetensors cached.safetensors
same built.safetensors off.safetensors

begin "cache clears what it holds and nothing else"
: >"$kernels"/notes
: >important
ln -s "$work"/important "$kernels"/00000000000000000000000000000000.kernel
files=$(find "$kernels" -name '*.kernel' -type f | wc -l)
code 0 cache --json
[ "$(field files out)" -eq "$files" ] || flunk "$(field files out) files, not $files"
code 0 cache --clear
silent err
out "^removed $files files, [0-9.]* MiB, from $kernels$"
[ -e important ] && [ -e "$kernels"/notes ] && [ -L "$kernels"/00000000000000000000000000000000.kernel ] ||
  flunk "more than the cache's files is gone"
[ "$(find "$kernels" -name '*.kernel' -type f | wc -l)" -eq 0 ] || flunk "files are left"
code 0 cache --clear --json
json out
out '"removed_files": 0'

begin "a folder that is refused"
rm -r "$kernels"
mkdir elsewhere
ln -s "$work"/elsewhere "$kernels"
code 0 cache
out '^unusable  .*"kernels": is a link or not a folder$'
code 0 cache --json
out '"problem": ".*is a link'
complains 1 'is a link or not a folder' cache --clear
code 0 doctor
out '^bad  .*kernel cache.*is a link or not a folder$'
code 0 predict small.safetensors --data class.csv --quiet --out refused.csv
silent err
same plain.csv refused.csv
[ -z "$(ls elsewhere)" ] || flunk "files were written through a link: $(ls elsewhere)"
