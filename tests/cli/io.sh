# shellcheck shell=sh disable=SC2154,SC2034,SC2086,SC2010,SC2016,SC2094 # sourced by ../cli.sh
# Files that cannot be written or opened: full disks, limits of the process, closed streams and
# pipes, folders without rights, no descriptors. The command ends with the reason and an exit code
# other than 0, an older model is unchanged, and nothing is left behind.

training="train --data class.csv --model 8relu --epochs 1 --valid 0 --quiet"
code 0 $training --out old.safetensors
cp old.safetensors model.safetensors

# clean FOLDER...: checks that the folders have no temporary files.
clean() {
  for folder; do
    left=$(ls -A "$folder" | grep '\.tmp$')
    [ -z "$left" ] || flunk "left in $folder: $left"
  done
}

# limited SHELL ARGUMENT...: runs the tool from a shell that first runs SHELL, for example to set a limit.
limited() {
  doing=$1
  shift
  sh -c "$doing"'; exec "$@"' sh "$ebb" "$@" >out 2>err </dev/null
  got=$?
}

# failed_by CODE TEXT: checks the exit code and the message.
failed_by() {
  [ $got -eq "$1" ] || flunk "exit code $got, not $1: $(head -c 400 err)"
  err "$2"
  grep -q '^ebb: ' err || flunk "no message: $(head -c 400 err)"
}

begin "a full disk is called that"
full='No space left\|no space left'
for command in "info old.safetensors" "data class.csv" "eval old.safetensors --data class.csv --quiet" \
  "predict old.safetensors --data class.csv --quiet" "predict old.safetensors --data class.csv --quiet --json" "devices --json" "doctor" "help" "version" \
  "$training --json --out model.safetensors"; do
  "$ebb" $command >/dev/full 2>err </dev/null
  got=$?
  failed_by 1 "standard output: \($full\)"
done
code 1 predict old.safetensors --data class.csv --quiet --out /dev/full
err "$full"
code 1 $training --out model.safetensors --log /dev/full
err "$full"
code 0 info model.safetensors # the model is saved nevertheless
cp old.safetensors model.safetensors
clean .

begin "a disk that is too small leaves the old file and nothing else"
if unshare -rm true 2>/dev/null; then
  mkdir small
  unshare -rm sh -c '
    mount -t tmpfs -o size=16k none small || exit 99
    cp old.safetensors small/p.csv && cp class.csv small/q.csv 2>/dev/null
    head -c 100000 /dev/zero >small/fill 2>/dev/null
    TMPDIR=. "$1" train --data class.csv --model 64relu-64relu --epochs 1 --valid 0 --quiet --out small/m.safetensors 2>err
    echo $? >code
    "$1" predict old.safetensors --data class.csv --quiet --out small/p.csv 2>err.predict
    echo $? >code.predict
    cmp old.safetensors small/p.csv || echo changed >changed
    ls -A small >left
  ' sh "$ebb" >out 2>&1
  [ $? -ne 99 ] || flunk "no tmpfs in a user namespace: $(cat out)"
  [ "$(cat code)" = 1 ] || flunk "train: exit code $(cat code): $(cat err)"
  err "$full"
  [ "$(cat code.predict)" = 1 ] || flunk "predict: exit code $(cat code.predict): $(cat err.predict)"
  cp err.predict err
  err "$full"
  [ ! -e changed ] || flunk "the old predictions are gone"
  grep -q '\.tmp$' left && flunk "left there: $(cat left)"
  grep -q '^m.safetensors$' left && flunk "half a model is there"
else
  echo "# skipped: a tmpfs that is too small (no user namespaces)"
fi

begin "a limit of the size of files"
# 2 MiB, since drivers write what they compile
limited 'ulimit -f 4096' $training --model 1024relu-1024relu --out model.safetensors
failed_by 1 'ile too large\|larger than this process may write'
same old.safetensors model.safetensors
rows 90000 class >many.csv
limited 'ulimit -f 4096' predict old.safetensors --data many.csv --quiet --out new.csv
failed_by 1 'ile too large\|larger than this process may write'
[ ! -e new.csv ] || flunk "half of the predictions are there"
clean .

begin "closed streams"
for command in "info old.safetensors" "predict old.safetensors --data class.csv --quiet" "version"; do
  "$ebb" $command >&- 2>err </dev/null
  got=$?
  failed_by 1 'standard output: '
done
"$ebb" $training --out model.safetensors </dev/null >&- 2>&-
got=$?
[ $got -eq 0 ] || [ $got -eq 1 ] || flunk "stdout and stderr closed: exit code $got"
same old.safetensors model.safetensors
"$ebb" $training --out model.safetensors <&- >out 2>err || flunk "stdin closed: $(cat err)"
same old.safetensors model.safetensors
clean .

begin "pipes without a reader"
mkfifo gone
for command in "info old.safetensors" "predict old.safetensors --data class.csv --quiet" "devices"; do
  exec 3<>gone 4>gone 3<&-
  "$ebb" $command >&4 2>err </dev/null 4>&-
  got=$?
  exec 4>&-
  [ $got -eq 141 ] || flunk "$command: exit code $got, not 141"
  silent err
done
exec 3<>gone 4>gone 3<&-
"$ebb" $training --out model.safetensors --json >&4 2>err </dev/null 4>&-
got=$?
exec 4>&-
[ $got -eq 141 ] || flunk "train --json: exit code $got, not 141"
same old.safetensors model.safetensors
exec 3<>gone 4>gone 3<&-
"$ebb" train --data class.csv --model 8relu --epochs 1 --valid 0 --out model.safetensors >out 2>&4 </dev/null 4>&-
got=$?
exec 4>&-
[ $got -le 1 ] || flunk "nobody reads stderr: exit code $got"
same old.safetensors model.safetensors
clean .

begin "folders without rights"
if [ "$(id -u)" -ne 0 ]; then
  mkdir closed
  cp old.safetensors closed/model.safetensors
  chmod a-w closed
  complains 1 'ermission denied' $training --out closed/model.safetensors
  complains 1 'ermission denied' $training --out closed/new.safetensors
  complains 1 'ermission denied' predict old.safetensors --data class.csv --quiet --out closed/new.csv
  same old.safetensors closed/model.safetensors
  chmod u+w closed
else
  echo "# skipped: folders without rights (root has them all)"
fi
complains 1 'nowhere' $training --out nowhere/model.safetensors
complains 1 'nowhere' predict old.safetensors --data class.csv --quiet --out nowhere/new.csv

begin "no descriptors"
for count in 4 5 6 7 8 9 10 12 14 16 20 24 32; do
  limited "ulimit -n $count" $training --out model.safetensors
  if [ $got -ne 0 ]; then
    [ $got -le 6 ] || flunk "ulimit -n $count: exit code $got: $(head -c 300 err)"
    grep -q '^ebb: .' err || flunk "ulimit -n $count: no message, exit code $got"
  fi
  same old.safetensors model.safetensors
  limited "ulimit -n $count" predict old.safetensors --data class.csv --quiet --out new.csv
  [ $got -eq 0 ] || { [ $got -le 6 ] && grep -q '^ebb: .' err && [ ! -e new.csv ]; } ||
    flunk "predict, ulimit -n $count: exit code $got: $(head -c 300 err)"
  rm -f new.csv
done
clean .
