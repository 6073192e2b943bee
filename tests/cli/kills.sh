# shellcheck shell=sh disable=SC2154,SC2034,SC2086,SC2010 # sourced by ../cli.sh
# The tool is killed at pseudo-random moments, the same in each run: KILLS times (environment; default
# 20), half of them in trainings with checkpoints. The model at --out is always complete, and the next
# run removes what a killed run left. The machine's speed decides where a kill strikes; the checks hold
# at any moment.

kills=$((${KILLS:-20} / 2))
rows 2000 class >more.csv

training="train --data more.csv --model 512relu-512relu --batch 500 --valid 0 --quiet --out model.safetensors"

written() { set -- *.tmp && [ -e "$1" ]; }

# Trains for as many epochs as its seed, and kills the training: when it begins to write the model (0), or
# after this many hundredths of a second.
train_until() {
  "$ebb" $training --epochs "$1" --seed "$1" >out 2>err </dev/null &
  process=$!
  if [ "$2" -eq 0 ]; then
    until written || ! kill -0 $process 2>/dev/null; do :; done
  else
    sleep "$(awk -v c="$2" 'BEGIN { printf "%.2f", c / 100 }')"
  fi
  kill -KILL $process 2>/dev/null
  wait $process 2>/dev/null
  got=$?
}

begin "a model is whole whenever the tool is killed"
for epochs in 1 2 3; do
  code 0 $training --epochs $epochs --seed $epochs
  cp model.safetensors whole.$epochs
done
run=0 seed=11 ended=0 killed=0
while [ $run -lt "$kills" ]; do
  seed=$((seed * 16807 % 2147483647)) run=$((run + 1))
  epochs=$((run % 3 + 1))
  [ $((run % 2)) -eq 0 ] && after=0 || after=$((seed % 120 + 1))
  cp model.safetensors before.safetensors
  train_until $epochs $after
  case $got in 0) ended=$((ended + 1)) ;; 137) killed=$((killed + 1)) ;; *) flunk "run $run: exit code $got: $(head -c 300 err)" ;; esac
  cmp -s model.safetensors before.safetensors || cmp -s model.safetensors whole.$epochs ||
    flunk "run $run: what is there is neither the old model nor the new one"
  code 0 info model.safetensors
done
[ $killed -gt 0 ] || flunk "not one of $kills runs was killed"
echo "# $killed of $kills runs were killed, $ended had ended"
code 0 $training --epochs 1 --seed 1
same model.safetensors whole.1
left=$(ls -A | grep '\.tmp$')
[ -z "$left" ] || flunk "a later run leaves what killed ones have left: $left"

# Killed and resumed again and again until the training is complete.
learn="train --data more.csv --model 64relu-64relu --batch 50 --epochs 40 --valid 0.2 --quiet --out run.safetensors"
checkpoints="--checkpoint run --every 1epochs"

# Starts or resumes the training, and kills it after this many hundredths of a second.
go_on() {
  if ls run/step-*.json >/dev/null 2>&1; then
    "$ebb" train --resume run --quiet --out run.safetensors >out 2>err </dev/null &
  else
    rm -rf run
    "$ebb" $learn $checkpoints >out 2>err </dev/null &
  fi
  process=$!
  sleep "$(awk -v c="$1" 'BEGIN { printf "%.2f", c / 100 }')"
  kill -KILL $process 2>/dev/null
  wait $process 2>/dev/null
  got=$?
}

begin "a training that is killed goes on from its checkpoints to the same bytes"
code 0 $learn --seed 1
cp run.safetensors whole.run
run=0 killed=0 trainings=0
while [ $run -lt "$kills" ]; do
  rm -rf run run.safetensors
  got=137 tries=0
  while [ $got -ne 0 ] && [ $tries -lt 200 ]; do
    seed=$((seed * 16807 % 2147483647)) run=$((run + 1)) tries=$((tries + 1))
    go_on $((seed % 30 + 15 + 5 * tries)) # later each time, so that the training completes on any machine
    case $got in 0) ;; 137) killed=$((killed + 1)) ;; *) flunk "run $run: exit code $got: $(head -c 300 err)" && break 2 ;; esac
    [ ! -e run.safetensors ] || code 0 info run.safetensors
  done
  trainings=$((trainings + 1))
  same run.safetensors whole.run
  left=$(ls -A run . | grep '\.tmp$')
  [ -z "$left" ] || flunk "training $trainings leaves $left"
done
[ $killed -gt 0 ] || flunk "not one of $run runs was killed"
echo "# $killed of $run runs were killed, of $trainings trainings"
