# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Bad files, wrong numbers, signals, broken kernels. Uses the models of train.sh.

begin "bad input files"
cp class.safetensors keep.safetensors
bad() { complains 6 "$1" train --data "$1" --quiet --epochs 1 --out keep.safetensors; }
: >empty.csv
bad empty.csv
printf 'a,b,c\n1,2,x\n1,2\n' >ragged.csv
bad ragged.csv
printf 'a,b,c\n1,2,x\n1,,y\n3,4,x\n5,5,y\n' >missing.csv
bad missing.csv
code 0 train --data missing.csv --missing mean --quiet --epochs 1 --valid 0 --out m.safetensors
printf 'a,b,c\n1,nan,x\n1,2,y\n3,4,x\n5,5,y\n' >nan.csv
bad nan.csv
printf '\000\000\010\001\377\377\377\377' >huge.idx
bad huge.idx
printf '\223NUMPY\001\000\377\377' >short.npy
bad short.npy
bad none.csv
bad .
same class.safetensors keep.safetensors
head -c 100 class.safetensors >cut.safetensors
for file in cut.safetensors class.csv empty.csv none .; do
  complains 6 "$file" info "$file"
  complains 6 "$file" eval "$file" --data class.csv --quiet
done
complains 6 '' eval class.safetensors --data value.csv --quiet
complains 6 'no targets' eval class.safetensors --data inputs.csv --quiet

begin "wrong numbers"
code 5 train --data value.csv --optimizer sgd --lr 1e30 --epochs 3 --quiet --log l --out keep.safetensors
err 'step'
out '^no model saved: NaN or Inf after 0 epochs'
err 'try a lower learning rate than 1e+30 (--lr);'
one_line
same class.safetensors keep.safetensors
json l
tail -1 l | grep -q '"reason":"numbers"' || flunk "end line: $(tail -1 l)"

# interrupt SIGNAL CODE: interrupts a long training with a signal.
interrupt() {
  rm -f stop.log stop.safetensors
  "$ebb" train --data class.csv --model 8relu --epochs 1000000 --log stop.log --out stop.safetensors >out 2>err &
  process=$!
  tries=0
  until grep -qs '"type":"epoch"' stop.log || [ $tries -ge 300 ] || ! kill -0 $process; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill "-$1" $process
  wait $process
  got=$?
  [ $got -eq "$2" ] || flunk "SIG$1 gave $got, not $2"
  tail -1 stop.log | grep -q '"reason":"stopped"' || flunk "end line: $(tail -1 stop.log)"
  err '^ebb: interrupted; the model is saved'
  code 0 info stop.safetensors
}

begin "signals stop the training and keep the model"
interrupt INT 130
interrupt TERM 143
ls ./*.tmp >/dev/null 2>&1 && flunk "temporary files are left"


begin "predictions never go over what they come from"
cp class.safetensors keep.safetensors
complains 2 'is also read from' predict keep.safetensors --data class.csv --out keep.safetensors
complains 2 'is also read from' predict keep.safetensors --data copy.csv --out copy.csv
echo '{"out": "keep.safetensors", "model": "8relu", "data": "class.csv"}' >conf.json
code 0 predict keep.safetensors --config conf.json --quiet
code 0 eval keep.safetensors --config conf.json --quiet
same class.safetensors keep.safetensors
same class.csv copy.csv

begin "what is rescued from a failing device replaces no model"
layer=$(dirname "$ebb")/../../tests/libfault_layer.so
# failing N FILE: a long training to rescued.safetensors fails at launch N and leaves its copy in FILE.
failing() {
  OPENCL_LAYERS=$layer FAULT_API=clEnqueueNDRangeKernel FAULT_N=$1 FAULT_MODE=error \
    "$ebb" train --data class.csv --model 8relu --epochs 1000 --step layers --out rescued.safetensors --quiet >out 2>err </dev/null
  got=$?
  [ $got -eq 4 ] || flunk "exit code $got, not 4: $(head -c 400 err)"
  err "^ebb: the last good copy of the model, of epoch [0-9]*, is in $2\$"
  code 0 info "$2"
}
if [ -e "$layer" ]; then
  cp class.safetensors rescued.safetensors
  failing 2000 rescued-1.safetensors
  failing 2000 rescued-2.safetensors
  same class.safetensors rescued.safetensors
  rm rescued.safetensors
  failing 2000 rescued.safetensors
else
  echo "# skipped: a failing device (no fault_layer)"
fi

# broken_by VARIABLE=VALUE: PoCL fails with this setting, and both the error and the doctor say so.
broken_by() {
  with "$1" complains 3 "$1.*\(set\|unset\) " train --data class.csv --quiet --out none.safetensors
  with "$1" code 3 doctor
  out "^bad  .*$1"
}

begin "variables that hide a driver or break it are named"
for value in none "$work"/empty libnone.so; do broken_by OCL_ICD_VENDORS="$value"; done
broken_by OPENCL_VENDOR_PATH="$work"/none
if "$ebb" devices | grep -q 'Portable Computing'; then
  for value in '' none 'none none'; do broken_by POCL_DEVICES="$value"; done
  for value in -1 99999 99999999999; do broken_by POCL_MAX_PTHREAD_COUNT="$value"; done
  for value in '' 0 none; do broken_by POCL_MAX_WORK_GROUP_SIZE="$value"; done
  broken_by POCL_OFFLINE_COMPILE=1
  for value in "$work"/class.csv "$work"/class.csv/folder /proc/none; do
    broken_by POCL_CACHE_DIR="$value"
    out 'PoCL cannot work without its cache folder'
  done
  with POCL_CACHE_DIR='' code 0 devices
  for command in doctor "train --data class.csv"; do
    # shellcheck disable=SC2086 # two words
    env -u POCL_CACHE_DIR -u XDG_CACHE_HOME HOME=/dev/null "$ebb" $command >out 2>err
    got=$?
    [ $got -eq 3 ] || flunk "$command without a home: exit code $got, not 3"
    cat out >>err
    err 'HOME=/dev/null: PoCL cannot work without its cache folder, and /dev/null/.cache/pocl/'
    grep -q 'install a driver' err && flunk "$command: a driver is to be installed, but one is there"
  done
  err '^ebb: HOME=/dev/null: PoCL .*; set POCL_CACHE_DIR to a folder .*; until then there is no OpenCL device'
fi
with EBB_DEVICE=none complains 3 'EBB_DEVICE="none"' train --data class.csv --quiet
with EBB_DEVICE=none code 3 doctor
out '^bad  .*EBB_DEVICE="none"'
