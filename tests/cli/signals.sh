# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Signals while there is nothing to lose. So that a signal surely comes before the first step, the
# tool is held up at a pipe into which nobody writes: that of the data, or that of a kernel's source.

# The tool, once it is there: until then the shell has the process, and no handler.
lives() { [ "$(readlink /proc/$process/exe)" = "$ebb" ]; }
reads() { lives && readlink /proc/$process/fd/* | grep -q "/$1\$"; }

# Waits for a check, but not for ever. await CHECK...
await() {
  tries=0
  until "$@" || [ $tries -ge 600 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  "$@"
}

gone() { ! lives; }

# Ends the tool by a signal while it reads a pipe. ends PIPE SIGNAL CODE MESSAGE ARGUMENT...
ends() {
  pipe=$1 signal=$2 wanted=$3 text=$4
  shift 4
  exec 3<>"$pipe"
  EBB_KERNEL_DIR="$work"/held "$ebb" "$@" >out 2>err </dev/null 3>&- &
  process=$!
  await reads "${pipe##*/}" || flunk "$*: never came to $pipe: $(head -c 400 err)"
  kill "-$signal" $process
  await gone || kill -KILL $process
  wait $process
  got=$?
  exec 3>&-
  [ $got -eq "$wanted" ] || flunk "$*: SIG$signal gave $got, not $wanted: $(head -c 400 err)"
  err "^ebb: interrupted$text; nothing is saved"
  silent out
}

begin "signals before the first step end the tool and leave nothing"
mkdir held
mkfifo held/common.h data.csv
code 0 train --data class.csv --model 8relu --epochs 1 --quiet --out old.safetensors
cp old.safetensors kept.safetensors
ends data.csv INT 130 ' while the data are read' train --data data.csv --out new.safetensors
for signal in INT TERM; do
  [ $signal = INT ] && number=130 || number=143
  ends held/common.h $signal "$number" ' while kernels are compiled' \
    train --data class.csv --log log --out kept.safetensors
  same old.safetensors kept.safetensors
  [ ! -s log ] || json log
done
for command in eval predict; do
  ends held/common.h INT 130 '.*' $command old.safetensors --data class.csv --quiet
done
ends held/common.h INT 130 '.*' predict old.safetensors --data class.csv --quiet --out new.csv
ends held/common.h TERM 143 '.*' verify --quiet
ends held/common.h INT 130 ' while kernels are compiled and run' bench step --quick --quiet
for left in new.safetensors new.csv; do [ ! -e $left ] || flunk "$left is there"; done
ls ./*.tmp >/dev/null 2>&1 && flunk "temporary files are left"
