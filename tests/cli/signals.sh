# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Signals while there is nothing to lose. To make sure that a signal comes before the first step,
# the tool is blocked on a pipe without a writer: the data's, or one included by a kernel's source.

# Waits until the process is the tool: before that it is the shell, without handlers.
lives() { [ "$(readlink /proc/$process/exe)" = "$ebb" ]; }
reads() { lives && readlink /proc/$process/fd/* | grep -q "/$1\$"; }

# await CHECK...: waits for a check, for a limited time.
await() {
  tries=0
  until "$@" || [ $tries -ge 600 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  "$@"
}

gone() { ! lives; }

# holds PIPE ARGUMENT...: starts the tool and waits until it reads a pipe; $env is a program that runs it.
holds() {
  pipe=$1
  shift
  exec 3<>"$pipe"
  # shellcheck disable=SC2086 # words
  EBB_KERNEL_DIR="$work"/held ${env:-} "$ebb" "$@" >out 2>err </dev/null 3>&- &
  process=$!
  await reads "${pipe##*/}" || flunk "$*: never came to $pipe: $(head -c 400 err)"
}

# ends PIPE SIGNAL CODE MESSAGE ARGUMENT...: ends the tool with a signal while it reads a pipe.
ends() {
  pipe=$1 signal=$2 wanted=$3 text=$4
  shift 4
  holds "$pipe" "$@"
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
mkfifo source data.csv
cp -r "$tests/../kernels" held
echo '#include </proc/self/cwd/source>' >>held/common.h
code 0 train --data class.csv --model 8relu --epochs 1 --quiet --out old.safetensors
cp old.safetensors kept.safetensors
ends data.csv INT 130 ' while the data are read' train --data data.csv --out new.safetensors
ends data.csv HUP 129 ' while the data are read' train --data data.csv --out new.safetensors
ends data.csv QUIT 131 ' while the data are read' train --data data.csv --out new.safetensors
ends data.csv TERM 143 ' while the options are read' train --config data.csv --data class.csv --out new.safetensors
for command in "data data.csv" "eval old.safetensors --data data.csv" "predict old.safetensors --data data.csv --out new.csv" \
  "verify old.safetensors --data data.csv" "data class.csv --labels data.csv"; do
  # shellcheck disable=SC2086 # words
  ends data.csv TERM 143 '.*' $command --quiet
done
for signal in INT TERM; do
  [ $signal = INT ] && number=130 || number=143
  ends source $signal "$number" ' while kernels are compiled' \
    train --data class.csv --log log --out kept.safetensors
  same old.safetensors kept.safetensors
  [ ! -s log ] || json log
done
for command in eval predict; do
  ends source INT 130 '.*' $command old.safetensors --data class.csv --quiet
done
ends source INT 130 '.*' predict old.safetensors --data class.csv --quiet --out new.csv
ends source TERM 143 '.*' verify --quiet
ends source INT 130 ' while kernels are compiled and run' bench step --quick --quiet
for left in new.safetensors new.csv; do [ ! -e $left ] || flunk "$left is there"; done
ls ./*.tmp >/dev/null 2>&1 && flunk "temporary files are left"

begin "signals that the tool inherits ignored or blocked"
env='env --block-signal=TERM'
ends data.csv TERM 143 ' while the data are read' train --data data.csv --out new.safetensors
env='env --ignore-signal=HUP' # as nohup does
holds data.csv train --data data.csv --out new.safetensors
kill -HUP $process
kill -INT $process # a shell starts it with SIGINT ignored, but -INT must work
await gone || kill -KILL $process
wait $process
got=$?
exec 3>&-
[ $got -eq 130 ] || flunk "SIGHUP ignored, then SIGINT: $got, not 130: $(cat err)"
env=''

begin "a driver's own processes do not die of the signal, nor does the tool of theirs"
i=0
while [ $i -lt 4 ]; do # at several moments of compiling: the end is always the same
  i=$((i + 1))
  rm -rf cold && mkdir -p cold/pocl cold/ebb
  POCL_CACHE_DIR=$work/cold/pocl EBB_CACHE_DIR=$work/cold/ebb setsid \
    "$ebb" train --data class.csv --model 8relu --epochs 100000000 --out new.safetensors >out 2>err </dev/null &
  process=$!
  await lives
  sleep 0.$((i * 2))
  kill -INT -$process
  await gone || kill -KILL $process
  wait $process
  got=$?
  [ $got -eq 130 ] || flunk "SIGINT to all after 0.$((i * 2)) s: $got, not 130: $(tail -c 400 err)"
  err '^ebb: interrupted'
  grep -q '^ebb: kernel' err && flunk "a failure is told as well: $(tail -c 400 err)"
done
rm -f new.safetensors

begin "two signals at once are one"
"$ebb" train --data class.csv --model 8relu --epochs 100000000 --log log --out new.safetensors >out 2>err </dev/null &
process=$!
trains() { grep -qs '"type":"epoch"' log; }
await trains || flunk "it never trains: $(head -c 400 err)"
kill -TERM $process && kill -TERM $process # as timeout does
await gone || kill -KILL $process
wait $process
got=$?
[ $got -eq 143 ] || flunk "SIGTERM twice: $got, not 143: $(cat err)"
code 0 info new.safetensors

begin "a second signal does not wait"
mkfifo full
rm new.safetensors
exec 3<>full # with room for the log's first lines, so that the training starts and cannot end
head -c 57344 /dev/zero >&3
"$ebb" train --data class.csv --model 8relu --epochs 100000000 --log full --out new.safetensors >out 2>err </dev/null 3>&- &
process=$!
steps() { grep -q '^kernels  first step' err; }
await steps || flunk "it never trains: $(head -c 400 err)"
sleep 0.3
told() { grep -q '^ebb: interrupted; the model is saved' err; }
kill -TERM $process
await told || flunk "the promise is not told: $(head -c 400 err)"
sleep 0.4 # otherwise it would be the echo of the first signal
kill -INT $process 2>/dev/null
await gone || kill -KILL $process
wait $process
got=$?
exec 3>&-
[ $got -eq 130 ] || [ $got -eq 143 ] || flunk "two signals: exit code $got: $(head -c 400 err)"
ls ./*.tmp >/dev/null 2>&1 && flunk "temporary files are left"

# hung API N ARGUMENT...: a driver call never returns, by the layer of fault_layer.c.
layer=$(dirname "$ebb")/../../tests/libfault_layer.so
hung() {
  api=$1 n=$2
  shift 2
  OPENCL_LAYERS=$layer FAULT_API=$api FAULT_N=$n FAULT_MODE=hang FAULT_SECONDS=3600 "$ebb" "$@" --quiet >out 2>err </dev/null
  got=$?
  [ $got -eq 4 ] || flunk "$api hangs: $*: exit code $got, not 4: $(head -c 400 err)"
  silent out
}

begin "a driver that hangs"
if [ -e "$layer" ]; then
  hung clBuildProgram 1 train --data class.csv --model 8relu --out new.csv --device-timeout 1
  err '^ebb: device ".*": it has made no progress for 1 s (--device-timeout) in clBuildProgram; .*; the device or its driver hangs: start again, .*longer --device-timeout$'
  hung clCreateContext 1 eval old.safetensors --data class.csv --device-timeout 1
  err '^ebb: the driver has not opened the device in [0-9]* s'
  for left in new.csv ./*.tmp; do [ ! -e "$left" ] || flunk "$left is there"; done
else
  echo "# skipped: a driver that hangs (no fault_layer)"
fi
