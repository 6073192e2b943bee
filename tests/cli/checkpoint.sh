# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Checkpoints: a resumed training gives the same bytes and figures as an uninterrupted one. Removing the
# newest checkpoints from a folder gives the state right after an older one, so one run serves for many
# interruptions; some interruptions are real.

noise() { # rows with contradictions in a third: validation gets worse in the end
  awk 'BEGIN {
    seed = 11
    print "a,b,c,d,e,f,kind"
    for (i = 0; i < 120; i++) {
      for (k = 0; k < 6; k++) { seed = (seed * 16807) % 2147483647; x[k] = seed / 2147483647; printf "%.5f,", x[k] }
      print ((x[0] > x[1]) == (i % 3 > 0) ? "yes" : "no")
    }
  }'
}
noise >noise.csv
learn="train --data noise.csv --model 24tanh --lr 0.01 --batch 16 --epochs 40 --patience 6" # 6 steps an epoch
all="--every 1steps --keep-checkpoints 1000"

# cut_at STEP FROM TO: copies FROM's checkpoints up to a step to TO.
cut_at() {
  rm -rf "$3"
  mkdir "$3"
  for file in "$2"/step-*; do
    number=${file##*/step-}
    [ "$(echo "${number%%.*}" | sed 's/^0*//')" -gt "$1" ] || cp "$file" "$3"
  done
}
newest() { find "$1" -name 'step-*.json' | sort | tail -1; }

# A result without what differs between runs, and a log's epoch lines.
figures() { sed '/seconds"\|samples_per_second\|programs_\|resumed_step\|"model"/d' "$1"; }
epochs() { sed -n '/"type":"epoch"/s/"samples_per_second.*//p' "$1"; }

begin "checkpoints change nothing, and a training goes on from each to the same bytes"
for form in layers whole; do
  code 0 $learn --step $form --quiet --out plain.safetensors
  code 0 $learn --step $form --quiet --json --log full.log --checkpoint run$form $all --out full.safetensors
  same plain.safetensors full.safetensors
  cp full.safetensors full$form.safetensors
  figures out >full.figures
  epochs full.log >full.epochs
  steps=$(field steps out)
  [ "$steps" -gt 40 ] && [ "$steps" -lt 240 ] || flunk "$steps steps: the patience does not end it"
  [ "$(find run$form -name 'step-*.json' | wc -l)" -eq "$steps" ] || flunk "not $steps checkpoints"
  if [ $form = layers ]; then at="17 $((steps - 9))"; else at="1 $steps"; fi
  for step in $at; do
    cut_at "$step" run$form cut
    cp full.log cut.log
    [ "$step" = 17 ] && place=host || place=device
    code 0 train --resume cut --data-on $place --json --log cut.log --out cut.safetensors
    err "^resume   cut/step-0*$step.json: $step steps* and [0-9]* epochs* are done$"
    same full.safetensors cut.safetensors
    sed 's/"data_on": "host"/"data_on": "device"/; /"data-on"/d' out >out.device
    figures out.device >cut.figures
    [ "$(tr -d ' ,\n' <full.figures)" = "$(tr -d ' ,\n' <cut.figures)" ] ||
      flunk "other figures at step $step: $(diff full.figures cut.figures | head -20)"
  done
done

begin "the log goes on, without what comes twice"
for step in 17 "$steps"; do
  cut_at "$step" runwhole cut
  cp full.log keep.log
  code 0 train --resume cut --quiet --out cut.safetensors # all options come from the checkpoint, --log too
  epochs full.log >cut.epochs
  same full.epochs cut.epochs
  [ "$(grep -c '"type":"resume"' full.log)" -eq 1 ] || flunk "not one line tells of it: $(cat full.log)"
  grep '"type":"resume"' full.log | grep -q "\"step\":$step," || flunk "not at step $step"
  tail -1 full.log | grep -q '"reason":"finished"' || flunk "end line: $(tail -1 full.log)"
  json full.log
  cp keep.log full.log
done

begin "a killed training goes on"
mkfifo pipe # blocks the tool once the pipe is full of lines
regress="train --data value.csv --model 8tanh --batch 64 --epochs 500 --patience 0 --test 0.2 --no-shuffle --quiet"
regress="$regress --optimizer sgd --momentum 0.9 --nesterov"
code 0 $regress --out plain.safetensors
"$ebb" $regress --log pipe --checkpoint killed --every 7steps --out killed.safetensors >out 2>err </dev/null &
process=$!
{
  while read -r line; do
    case $line in *'"epoch":30,'*) break ;; esac
  done
  kill -KILL $process
} <pipe
wait $process 2>/dev/null
[ ! -e killed.safetensors ] || flunk "it was not killed in time"
kept=$(find killed -name 'step-*.json' | wc -l) # one more if it was killed before removing the oldest
[ "$kept" -eq 2 ] || [ "$kept" -eq 3 ] || flunk "not 2 checkpoints: $(ls killed)"
code 0 train --resume killed --quiet --log after.log
same plain.safetensors killed.safetensors

begin "signals save model and checkpoint"
for signal in INT TERM; do
  [ $signal = INT ] && number=130 || number=143
  rm -rf stopped stopped.safetensors
  "$ebb" $regress --log pipe --checkpoint stopped --out stopped.safetensors >out 2>err </dev/null &
  process=$!
  {
    while read -r line; do
      case $line in *'"epoch":30,'*) break ;; esac
    done
    kill -$signal $process
    cat >rest
  } <pipe
  wait $process
  got=$?
  [ $got -eq $number ] || flunk "SIG$signal gave $got, not $number"
  tail -1 rest | grep -q '"reason":"stopped"' || flunk "end line: $(tail -1 rest)"
  newest stopped | grep -q "step-0*$(field steps rest).json" || flunk "the checkpoint is not of step $(field steps rest)"
  code 0 info stopped.safetensors
  differ plain.safetensors stopped.safetensors
done
code 0 train --resume stopped --quiet --log after.log
same plain.safetensors stopped.safetensors

begin "--time-limit ends a training like a signal, with exit code 0"
code 0 $learn --time-limit 0.001 --checkpoint limit --log limit.log --out limit.safetensors
out '^limit.safetensors: time limit after 0 epochs'
err "^resume   $ebb train --resume limit goes on from here$"
tail -1 limit.log | grep -q '"reason":"time limit".*"steps":1,' || flunk "end line: $(tail -1 limit.log)"
code 0 info limit.safetensors
code 0 train --resume limit --quiet # the limit belonged to the interrupted command
same full.safetensors limit.safetensors

begin "a training killed during its refit is refitted again"
code 0 $learn --refit --quiet --log r.log --checkpoint refit --keep-checkpoints 1 --out refit.safetensors

newest refit | grep -q "step-0*$(grep '"type":"epoch"' r.log | tail -1 | sed 's/.*"step":\([0-9]*\).*/\1/').json" ||
  flunk "the newest checkpoint is not that of the search's end: $(ls refit)"
cp refit.safetensors once.safetensors
code 0 train --resume refit --log r2.log
same once.safetensors refit.safetensors
grep -q '"type":"refit"' r2.log || flunk "no refit"
err '^refit    a new network on all 120 rows'

begin "a damaged checkpoint is passed over, and told"
cut_at 40 runlayers cut
newest=$(newest cut)
printf x | dd of="${newest%json}safetensors" bs=1 seek=400 conv=notrunc 2>/dev/null
code 0 train --resume cut --quiet --out cut.safetensors
err '^resume   passed over: .*step-0*40\.'
one_line
same fulllayers.safetensors cut.safetensors
for file in cut/*.json; do echo '{}' >"$file"; done
code 6 train --resume cut --quiet
silent out
err '^ebb: --resume: cut: all 48 checkpoints are damaged:$'
err '^     cut/step-0*48.json: damaged: '
grep -v '^ebb: --resume\|^     cut/step-' err && flunk "other lines: $(cat err)"

begin "what a training that goes on may be told, and what not"
cut_at 17 runlayers cut
code 0 train --resume cut --epochs 4 --checkpoint other --quiet --out less.safetensors
code 0 $learn --step layers --epochs 4 --quiet --out four.safetensors
same four.safetensors less.safetensors
[ "$(find cut -name '*.json' | wc -l)" -eq 17 ] || flunk "--checkpoint names another folder: $(ls cut)"
[ "$(find other -name '*.json' | wc -l)" -ge 1 ] || flunk "no checkpoint in it"
cp noise.csv moved.csv
code 0 train --resume cut --data moved.csv --lr 1e-2 --checkpoint third --log new.log --quiet --out moved.safetensors
same fulllayers.safetensors moved.safetensors
head -1 new.log | grep -q '"type":"start"' || flunk "another log does not begin as any does: $(head -1 new.log)"
sed -n 2p new.log | grep -q '"type":"resume"' || flunk "second line: $(sed -n 2p new.log)"
complains 2 '^ebb: --lr: it is 0.02 here, and 0.01 in the training that cut has;' train --resume cut --lr 0.02
complains 2 '^ebb: --no-shuffle: it is true here, and not given in the training' train --resume cut --no-shuffle
with EBB_SEED=2 complains 2 '^ebb: EBB_SEED: it is 2 here, and 1, the default, in the training' train --resume cut
echo '{"batch": 8}' >conf.json
complains 2 '^ebb: conf.json: batch: it is 8 here, and 16 in' train --resume cut --config conf.json
complains 2 '^ebb: --valid: it is 0.3 here, and 0.2, the default, in' train --resume cut --valid 0.3
sed '7s/^0/1/' noise.csv >changed.csv
complains 6 '^ebb: --resume: ' train --resume cut --data changed.csv --quiet
complains 6 'changed.csv\|rows\|inputs\|data' train --resume cut --data class.csv --quiet
[ "$(find cut -name '*.json' | wc -l)" -eq 17 ] || flunk "a refusal has changed the folder"

begin "folders that are refused"
mkdir empty_folder
complains 6 '^ebb: --resume: .*; a training begun with --checkpoint writes some$' train --resume empty_folder
complains 6 '^ebb: --resume: ' train --resume none
complains 2 '^ebb: --checkpoint: cut has the checkpoints of a training; --resume cut goes on with it' $learn --checkpoint cut
complains 1 '^ebb: --checkpoint: class.csv/x: the folder cannot be made: ' train --data none.csv --checkpoint class.csv/x
complains 1 '^ebb: --checkpoint: class.csv: ' train --data none.csv --checkpoint class.csv
complains 6 'none.csv' train --data none.csv --checkpoint deep/new
[ ! -e deep/new ] || flunk "the new folder stays, with nothing in it"
complains 2 '^ebb: --every: no checkpoints are written without --checkpoint' $learn --every 5s
with EBB_KEEP_CHECKPOINTS=3 complains 2 '^ebb: EBB_KEEP_CHECKPOINTS: no checkpoints' $learn
code 0 train --data class.csv --model 4relu --epochs 1 --quiet --out start.safetensors
complains 2 '^ebb: --out: start.safetensors is the file of --init, which --refit reads again' \
  train --data class.csv --init start.safetensors --refit --checkpoint new --out start.safetensors

begin "a checkpoint that cannot be written does not end the training"
rm -rf lost
"$ebb" $regress --log pipe --checkpoint lost --every 1epoch --out lost.safetensors >out 2>err </dev/null &
process=$!
{
  read -r line
  rm -r lost && : >lost # a folder cannot be created in a file
  cat >rest
} <pipe
wait $process
got=$?
[ $got -eq 1 ] || flunk "exit code $got, not 1"
err '^ebb: --checkpoint: .*lost: is not a folder; the training does not end for it'
one_line
same plain.safetensors lost.safetensors
tail -1 rest | grep -q '"reason":"finished"' || flunk "end line: $(tail -1 rest)"

begin "how often checkpoints are written"
for every in 10steps 2epochs; do
  rm -rf often
  code 0 train --data class.csv --model 8relu --epochs 4 --quiet --checkpoint often --every $every --keep-checkpoints 9 \
    --out often.safetensors # 5 steps an epoch
  ls often | sed -n 's/step-0*\(.*\).json/\1/p' | tr '\n' ' ' >found
  [ "$(cat found)" = '10 20 ' ] || flunk "$every: $(cat found)"
done
rm -rf often
code 0 train --data class.csv --model 8relu --epochs 4 --quiet --checkpoint often --every 3steps --out often.safetensors
ls often | sed -n 's/step-0*\(.*\).json/\1/p' | tr '\n' ' ' >found
[ "$(cat found)" = '18 20 ' ] || flunk "3steps: $(cat found)"
[ "$(ls limit | grep -c json)" -eq 2 ] || flunk "where nothing is said, not at the end alone: $(ls limit)"

begin "--keep with one number is that of the checkpoints, without checkpoints that of a column"
awk -F, -v OFS=, '{ print $1, NR == 1 ? "row" : NR, $2, $NF }' noise.csv >row.csv # place 1: left out unless kept
short="train --data row.csv --model 4relu --epochs 2 --every 1steps --out row.safetensors"
kept() { # kept FOLDER CHECKPOINTS NOTE ROW: checks messages and files; ROW: the column is left out
  [ "$(ls "$1" | grep -c json)" -eq "$2" ] || flunk "$1: not $2 checkpoints: $(ls "$1")"
  [ "$(grep -c '^keep     checkpoints, the newest' err)" -eq "$3" ] || flunk "$1: not $3 notes: $(cat err)"
  [ "$(grep -c '^note     left out.*"row"' err)" -eq "$4" ] || flunk "$1: the column: $(cat err)"
}
code 0 $short --checkpoint k1 --keep 3
kept k1 3 1 1
err '^keep     checkpoints, the newest 3; to keep the column of that number, name it, or give --keep-checkpoints too$'
code 0 train --resume k1 --epochs 3 --keep 1
kept k1 1 1 1
code 0 $short --checkpoint k2 --keep 1 --keep-checkpoints 4
kept k2 4 0 0
code 0 train --resume k2 --epochs 3
kept k2 4 0 0
with EBB_KEEP=row code 0 $short --checkpoint k3 --keep 3 # a number beats columns of a weaker source
kept k3 3 1 0
many=9999999 # too many checkpoints, and not a column
complains 2 "^ebb: --keep: \"$many\" is not a whole number from 1 to 1000000" $short --checkpoint k4 --keep $many
with EBB_KEEP=$many complains 2 "^ebb: EBB_KEEP: \"$many\" is not" $short --checkpoint k4
echo "{\"keep\": $many, \"checkpoint\": \"k4\"}" >conf.json
complains 2 "^ebb: conf.json: keep: \"$many\" is not" $short --config conf.json
echo "{\"type\": \"start\", \"options\": {\"keep\": \"$many\"}}" >conf.json # a log keeps columns
complains 6 "row.csv: keep $many: the columns are" $short --config conf.json --checkpoint k4

begin "going on from another folder, and with a file that has moved"
mkdir -p sub
cp class.csv moved.csv
code 0 train --data moved.csv --model 8relu --epochs 2 --quiet --checkpoint there --log there.log --out there.st
cp there.st before.st
(cd sub && exec "$ebb" train --resume ../there --epochs 3 --quiet) >out 2>err || flunk "not gone on: $(cat err)"
[ -z "$(ls sub)" ] || flunk "written to the wrong folder: $(ls sub)"
cmp -s before.st there.st && flunk "the model is the old one"
json there.log
tail -2 there.log | head -1 | grep -q '"epoch":3' || flunk "log: $(tail -2 there.log)"
mv moved.csv again.csv
complains 6 'there: data: .*moved.csv: No such file.*--data FILE' train --resume there --quiet
code 0 train --resume there --quiet --data again.csv
complains 2 '^ebb: --resume: there/step-.* is a file; name its folder, there, whose' train --resume "$(ls there/*.json | head -1)" --quiet
complains 2 '^ebb: --resume: "" is not a value: it is empty$' train --resume '' --quiet

begin "a default that is given is no other value"
for folder in guard guard2; do
  code 0 train --data class.csv --model 8relu --epochs 2 --quiet --checkpoint $folder --out $folder.st
done
code 0 train --resume guard --quiet --lr 1e-3 --batch 32 --optimizer adam --model 8relu --weight-decay 0 --seed-split 1 --loss cross_entropy
complains 2 '^ebb: --lr: it is 0.01 here, and 0.001, the default of adam, in the training that guard2 has' train --resume guard2 --quiet --lr 0.01
complains 2 '^ebb: --batch: it is 33 here, and 32, the default, in' train --resume guard2 --quiet --batch 33
complains 2 '^ebb: --model: it is 7relu here, and [0-9]*-8relu-[0-9]* in' train --resume guard2 --quiet --model 7relu
complains 2 '^ebb: --patience: .* begun without --patience 0: the best' train --resume guard2 --quiet --patience 0
code 0 train --data class.csv --model 8relu --epochs 2 --quiet --patience 0 --checkpoint last --out last.st
code 0 train --data class.csv --model 8relu --epochs 2 --quiet --optimizer sgd --valid 0 --checkpoint slow --out last.st
code 0 train --resume slow --quiet --lr 0.01 --weight-decay 0 --patience 0 --out last.st
complains 2 '^ebb: --lr: it is 0.001 here, and 0.01, the default of sgd, in' train --resume slow --quiet --lr 0.001
complains 2 '^ebb: --patience: .* begun with --patience 0: the best weights were not kept' train --resume last --quiet --patience 5

begin "the folder: what may be in it, and who writes to it"
code 0 train --data class.csv --model 8relu --epochs 2 --quiet --checkpoint new/run --out new/run/model.st
code 0 info new/run/model.st
mkdir guide
touch guide/step-by-step-guide.txt guide/step-000000000007.json.txt
code 0 train --data class.csv --model 8relu --epochs 2 --quiet --checkpoint guide --out guide.st
complains 2 '^ebb: --checkpoint: guide has the checkpoints' train --data class.csv --model 8relu --checkpoint guide
complains 2 '^ebb: --checkpoint: they cannot go to standard output' train --data class.csv --checkpoint -
complains 2 '^ebb: --keep: "0" is not a whole number from 1' train --data class.csv --checkpoint none.run --keep 0
code 0 train --resume guide
err '^resume   nothing is left to do: 2 of 2 epochs are done; --epochs asks for more$'
"$ebb" train --data class.csv --model 8relu --epochs 1000000 --quiet --checkpoint lock --every 1epochs --out lock.st \
  >lock.out 2>&1 </dev/null &
process=$!
tries=0
until ls lock/*.json >/dev/null 2>&1 || [ $tries -ge 300 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
complains 1 '^ebb: --resume: lock: in use by another training' train --resume lock --quiet
complains 1 '^ebb: --checkpoint: lock: in use by another training' train --data class.csv --checkpoint lock --quiet
kill -KILL $process
wait $process 2>/dev/null
code 0 train --resume lock --quiet --time-limit 0.001

# wrong_kernels FOLDER: kernels, one of which has an error of a hundredth.
wrong_kernels() {
  cp -r "$tests/../kernels" "$1"
  sed -i 's/#define F_tanh(T, z, p)\(.*\)$/#define F_tanh(T, z, p) (1.01f * (tanh_##T(z)))/' "$1/activation.h"
  cmp -s "$tests/../kernels/activation.h" "$1/activation.h" && flunk "no kernel is wrong"
}

begin "a device that computes wrongly saves nothing"
wrong_kernels wrong
cp plain.safetensors old.safetensors
with EBB_KERNEL_DIR="$work"/wrong complains 5 '^ebb: ' train --data class.csv --model 8tanh --epochs 3 --quiet --out old.safetensors
same plain.safetensors old.safetensors
with EBB_KERNEL_DIR="$work"/wrong code 5 train --data class.csv --model 8tanh --epochs 30 --quiet --no-self-test --sentinel 7 \
  --log wrong.log --checkpoint wrong.run --out old.safetensors
err "\`ebb verify --replay old.safetensors.sentinel.safetensors\` computes it again .*; the training ends, and no model is saved since nobody knows since when the device has computed wrongly\$"
out '^no model saved: the device computed wrongly after '
same plain.safetensors old.safetensors
[ -s old.safetensors.sentinel.safetensors ] || flunk "no dump"
tail -1 wrong.log | grep -q '"dump":"old.safetensors.sentinel.safetensors".*"reason":"sentinel"\|"reason":"sentinel".*"dump":' ||
  flunk "end line: $(tail -1 wrong.log)"
[ ! -e wrong.run ] || flunk "a checkpoint was written: $(ls wrong.run)"
