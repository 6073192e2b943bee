# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Each command on small synthetic data: what it prints and writes, and whether the commands agree.

begin "devices"
code 0 devices
out '^\*'
code 0 devices --json
json out
out '"default": true'
out '"driver": '
silent err
complains 3 'nosuchthing' eval --device nosuchthing model --data class.csv

begin "doctor"
code 0 doctor
out '^ok '
code 0 doctor --json
json out
out '"healthy": true'

begin "train tells what it does"
code 0 train --data class.csv --model 16tanh --epochs 30 --lr 0.01 --log train.log --out class.safetensors
err '^device   .*('
err '^data     class.csv: 200 rows'
err '^network  2-16tanh-2, 82 parameters$'
err '^epoch    30/30, train loss .*valid loss .*valid accuracy .*samples/s'
err '^time     .* s training$'
err '^model    class.safetensors$'
out '^class.safetensors: finished after 30 epochs, train loss .*, valid loss .*, valid accuracy .* %, [0-9.]* s$'
lines 1 out
[ "$(grep -c '^device ' err)" -eq 1 ] || flunk "not one line on the device: $(cat err)"
[ "$(grep -c '^epoch ' err)" -le 12 ] || flunk "more than 12 lines on epochs: $(cat err)"
err '^epoch    1/30,'

begin "a training ends with what a newcomer asks for"
err '^result   [0-9.]* % of 40 held-out rows right; always guessing the commonest class, [a-z,]*: [0-9.]* %$'
[ "$(tail -1 err)" = "next     $ebb predict class.safetensors --data NEW.csv" ] || flunk "last line: $(tail -1 err)"
# the most frequent class of the training rows, which a stratified split keeps
common=$(sed '1d; s/"un,like"/unlike/' class.csv | cut -d, -f3 | sort | uniq -c | sort -rn | awk '{ print $2 == "unlike" ? "un,like" : $2; exit }')
err "commonest class, $common: "
near "$(sed -n 's/^result .*: \([0-9.]*\) %$/\1/p' err)" "$(awk -v b="$(field baseline_accuracy train.log)" 'BEGIN { print 100 * b }')" 1e-3
near "$(sed -n 's/^result  *\([0-9.]*\) %.*/\1/p' err)" "$(awk -v b="$(field valid_accuracy train.log)" 'BEGIN { print 100 * b }')" 1e-3
near "$(field baseline_accuracy train.log)" 0.5 0.2

begin "a line for some epochs"
for epochs in 1 11 12 13 14 400; do
  code 0 train --data class.csv --model 4relu --batch 200 --epochs $epochs --out lines.safetensors
  shown=$(grep -c '^epoch ' err)
  if [ $epochs -lt 12 ]; then wanted=$epochs; else wanted=12; fi
  [ "$shown" -eq $wanted ] || flunk "$epochs epochs: $shown lines, not $wanted"
  err "^epoch    1/$epochs,"
  err "^epoch    $epochs/$epochs,"
  sed -n 's/^epoch *\([0-9]*\).*/\1/p' err | awk -v n=$epochs 'NR > 1 && $1 - last > n / 11 + 1 { exit 1 } { last = $1 }' ||
    flunk "$epochs epochs: a gap: $(cat err)"
done

begin "the log"
json train.log
lines 32 train.log
head -1 train.log | grep -q '"type":"start".*"spec":"2-16tanh-2".*"train_rows":160.*"driver":' ||
  flunk "start line: $(head -1 train.log)"
[ "$(grep -c '"type":"epoch"' train.log)" -eq 30 ] || flunk "not 30 epochs"
sed -n 31p train.log | grep -q '"epoch":30,"step":150,"train_loss":.*"valid_loss":.*"valid_accuracy":.*"samples_per_second":' ||
  flunk "epoch line: $(sed -n 31p train.log)"
tail -1 train.log | grep -q '"reason":"finished".*"type":"end"' || flunk "end line: $(tail -1 train.log)"

begin "eval agrees with the log"
code 0 eval class.safetensors --data class.csv --part valid --json
json out
near "$(field loss out)" "$(field valid_loss train.log)" 1e-5
near "$(field accuracy out)" "$(field valid_accuracy train.log)" 1e-9
[ "$(field samples out)" = 40 ] || flunk "samples: $(field samples out)"
code 0 eval class.safetensors --data class.csv --part train
out 'samples 160$'
code 0 eval class.safetensors --data class.csv --part all --json --quiet
silent err
at_least "$(field accuracy out)" 0.8
[ "$(field samples out)" = 200 ] || flunk "samples: $(field samples out)"
cp out all.json

begin "predict agrees with eval"
code 0 predict class.safetensors --data class.csv --quiet
silent err
lines 201 out
[ "$(head -1 out)" = 'prediction,p_same,"p_un,like"' ] || flunk "header: $(head -1 out)"
sed 's/"un,like"/unlike/; 1d' class.csv | cut -d, -f3 >truth
sed 's/"un,like"/unlike/; 1d' out | cut -d, -f1 >guess
right=$(paste -d= truth guess | awk -F= '$1 == $2 { n++ } END { print n / NR }')
near "$right" "$(field accuracy all.json)" 1e-9
sed 's/"un,like"/unlike/; 1d' out | awk -F, '{ s = $2 + $3 - 1; if (s * s > 1e-12) exit 1 }' ||
  flunk "probabilities do not sum to 1"
cp out stdout.csv
code 0 predict class.safetensors --data class.csv --out file.csv
silent out
same stdout.csv file.csv
cut -d, -f1,2 class.csv >inputs.csv
code 0 predict class.safetensors --data inputs.csv --quiet
same out stdout.csv
if [ -e /dev/full ]; then
  code 1 predict class.safetensors --data class.csv --out /dev/full --quiet
  one_line
fi

begin "info"
mkdir -p no-platforms
with OCL_ICD_VENDORS="$work/no-platforms" code 0 info class.safetensors # needs no device
silent err
cp out info.txt
code 0 info class.safetensors
same out info.txt
out '^spec  *2-16tanh-2$'
out '^parameters  *82$'
out '^classes  *same un,like$'
out '^loss  *cross_entropy$'
silent err
code 0 info class.safetensors --json
json out
out '"parameters": 82'
out '"encoder": '

begin "the same seed gives the same bytes"
for run in a b; do code 0 train --data class.csv --model 8relu --epochs 3 --quiet --out $run.safetensors; done
silent err
same a.safetensors b.safetensors
code 0 train --data class.csv --model 8relu --epochs 3 --quiet --seed 2 --out c.safetensors
differ a.safetensors c.safetensors
echo '{"seed": 2, "epochs": 3, "model": "8relu", "data": "class.csv"}' >conf.json
code 0 train --config conf.json --quiet --out d.safetensors
same c.safetensors d.safetensors
with EBB_SEED=1 code 0 train --config conf.json --quiet --out e.safetensors
same a.safetensors e.safetensors

begin "rows from standard input"
# piped COMMAND...: runs the tool with the output of `feed` on standard input.
piped() { $feed | "$ebb" "$@" >out 2>err || flunk "$feed | ebb $*: exit code $?: $(head -c 400 err)"; }
feed='cat class.csv'
piped train --data - --model 8relu --epochs 3 --out a2.safetensors
err '^data     standard input: 200 rows below a header'
same a.safetensors a2.safetensors
feed='gzip -c class.csv'
piped train --data - --model 8relu --epochs 3 --quiet --out a2.safetensors
same a.safetensors a2.safetensors
code 0 eval a.safetensors --data class.csv --quiet
cp out all.txt
feed='cat class.csv'
piped eval a.safetensors --data - --quiet
same all.txt out
piped train --data class.csv --valid - --model 8relu --epochs 3 --quiet --log v.log --out v.safetensors
grep -q '"train_rows":200,"valid_rows":200' v.log || flunk "start line: $(head -1 v.log)"
code 0 predict a.safetensors --data class.csv --quiet
cp out all.csv
piped predict a.safetensors --data - --quiet --out -
same all.csv out
complains 6 '^ebb: standard input: ' train --data - --quiet # empty
printf 'a,b\n1,x\n2\n' | "$ebb" train --data - --quiet >out 2>err
err '^ebb: standard input:3: 1 field'
cp class.csv copy.csv
# reading the file being written is the case under test
"$ebb" train --data - --out copy.csv --quiet <copy.csv 2>err && flunk "the input is written over"
err 'is also read from'
same class.csv copy.csv

# unread ARGUMENT...: runs the tool with a stdout whose reader is gone; its exit code is in `got`.
unread() {
  rm -f gone
  {
    until [ -e gone ]; do sleep 0.01; done
    "$ebb" "$@" 2>err <class.csv
    echo $? >status
  } | {
    exec <&-
    : >gone
  }
  got=$(cat status)
}

begin "a reader who has seen enough"
unread devices
[ "$got" = 141 ] || flunk "exit code $got, not 141"
silent err
(
  trap '' PIPE # as some callers leave it: the write then fails without a signal
  unread devices
)
[ "$(cat status)" = 141 ] || flunk "without the signal: exit code $(cat status), not 141"
silent err

begin "the log on standard output"
code 0 train --data class.csv --model 8relu --epochs 3 --log - --profile --out a2.safetensors
json out
lines 5 out
tail -1 out | grep -q '"reason":"finished".*"model":"a2.safetensors".*"profile":.*"type":"end"' || flunk "end line: $(tail -1 out)"
err '^result '
same a.safetensors a2.safetensors
rm a2.safetensors
unread train --data class.csv --model 8relu --epochs 3 --log - --quiet --out a2.safetensors
[ "$got" = 141 ] || flunk "exit code $got, not 141"
silent err
same a.safetensors a2.safetensors # a log without a reader does not cost the model
if [ -e /dev/full ]; then
  "$ebb" train --data class.csv --model 8relu --epochs 3 --log - --quiet --out a3.safetensors >/dev/full 2>err
  [ $? -eq 1 ] || flunk "a full disk is not noticed"
  err '^ebb: standard output: No space left'
  one_line
fi

begin "the model that is replaced"
mkdir -p fresh
(
  cd fresh || exit
  "$ebb" train --data ../class.csv --model 4relu --epochs 1 >out 2>err || echo "the first training fails: $(cat err)"
  grep -q replaces err && echo "nothing is replaced: $(cat err)"
  touch -d '2020-02-03 04:05' model.safetensors
  "$ebb" train --data ../class.csv --model 4relu --epochs 2 >out 2>err || echo "the second training fails: $(cat err)"
  grep -q '^out .*replaces model.safetensors of 2020-02-03 04:05; --out names another file, --no-clobber refuses$' err ||
    echo "the replacement is not told: $(cat err)"
  cp model.safetensors kept
  "$ebb" train --data ../class.csv --model 4relu --epochs 3 --out model.safetensors >out 2>err || echo "fails: $(cat err)"
  grep -q replaces err && echo "who names a file knows it: $(cat err)"
  cp kept model.safetensors
  EBB_NO_CLOBBER=1 "$ebb" train --data ../class.csv --model 4relu --epochs 1 >out 2>err
  [ $? -eq 1 ] || echo "--no-clobber: not 1"
  grep -q '^ebb: --out: model.safetensors exists, and is not replaced because of EBB_NO_CLOBBER$' err || cat err
  cmp kept model.safetensors
) >found 2>&1
[ ! -s found ] || flunk "$(cat found)"
code 0 train --data class.csv --model 4relu --epochs 1 --no-clobber --quiet --out "fresh/a new one"
code 0 train --data class.csv --model 4relu --epochs 1 --out "fresh/a new one"
err "^next     $ebb predict 'fresh/a new one' --data NEW.csv$"

begin "both forms of a step"
for form in layers whole; do
  code 0 train --data class.csv --model 8relu --epochs 3 --quiet --step $form --out form.safetensors
done
complains 1 '^ebb: --step: .*is 1025 wide, at most 1024' train --data class.csv --model 1025relu --step whole --quiet
complains 2 'step' train --data class.csv --step slow --quiet

begin "the number of threads does not matter" # PoCL's variable; other drivers simply run twice
for form in layers whole; do
  for threads in 1 3; do
    with POCL_MAX_PTHREAD_COUNT=$threads code 0 train --data class.csv --model 20relu --batch 100 --epochs 3 \
      --step $form --quiet --out threads$threads.safetensors
  done
  same threads1.safetensors threads3.safetensors
done

begin "train --json"
code 0 train --data class.csv --epochs 2 --json --out j.safetensors
json out
for key in model epochs train_loss valid_loss valid_accuracy seconds device driver first_step_seconds build_seconds; do
  out "\"$key\": "
done
err 'a default; --model chooses another'
code 0 train --data class.csv --epochs 2 --json --quiet --valid 0 --out j.safetensors
silent err
out '"baseline_accuracy": '
grep -q valid_loss out && flunk "a valid_loss without validation rows"
complains 2 'trained without a split of its rows' eval j.safetensors --data class.csv --part valid --quiet

begin "regression"
code 0 train --data value.csv --model 16tanh --epochs 60 --lr 0.02 --log value.log --quiet --out value.safetensors
grep -q accuracy value.log && flunk "accuracy in a regression log"
json value.log
code 0 train --data value.csv --model 16tanh --epochs 60 --lr 0.02 --valid 0 --out other.safetensors
err '^result   root mean square error [0-9.]* over 150 training rows, r2 [0-9.]*; always guessing the mean: [0-9.]*$'
# predicting the mean of all rows: the deviation of the targets
near "$(sed -n 's/^result .*: \([0-9.]*\)$/\1/p' err)" "$(awk -F, 'NR > 1 { n++; s += $3; q += $3 * $3 }
  END { print sqrt(q / n - (s / n) ^ 2) }' value.csv)" 1e-3
at_least "$(field baseline_rmse value.log)" "$(field valid_rmse value.log)"
code 0 eval value.safetensors --data value.csv --part valid --json --quiet
near "$(field loss out)" "$(field valid_loss value.log)" 1e-4
near "$(field rmse out)" "$(field valid_rmse value.log)" 1e-4
at_least "$(field r2 out)" 0.9
code 0 predict value.safetensors --data value.csv --quiet
[ "$(head -1 out)" = prediction ] || flunk "header: $(head -1 out)"
lines 151 out
code 0 info value.safetensors
out '^loss  *mse$'

begin "validation by file and by the last rows"
rows 40 class >valid.csv
code 0 train --data class.csv --valid valid.csv --epochs 2 --model 8relu --log l --quiet --out v.safetensors
grep -q '"type":"start".*"train_rows":200.*"valid_rows":40' l || flunk "start line: $(head -1 l)"
code 0 eval v.safetensors --data valid.csv --json --quiet
near "$(field loss out)" "$(field valid_loss l)" 1e-5
complains 6 'none.csv' train --data class.csv --valid none.csv --quiet
code 0 train --data class.csv --valid 0.25 --split last --epochs 2 --model 8relu --log l --quiet --out v.safetensors
(head -1 class.csv && tail -50 class.csv) >tail.csv
code 0 eval v.safetensors --data tail.csv --json --quiet
near "$(field loss out)" "$(field valid_loss l)" 1e-5

begin "train goes on from --init"
code 0 train --data class.csv --init class.safetensors --epochs 1 --lr 0.0001 --quiet --log l --out i.safetensors
near "$(field valid_loss l)" "$(field valid_loss train.log)" 0.1
code 0 info i.safetensors
out '^spec  *2-16tanh-2$'
code 0 train --data class.csv --init class.safetensors --model 16tanh --epochs 1 --quiet --out i.safetensors
complains 6 '' train --data class.csv --init class.safetensors --model 8tanh --epochs 1 --quiet
complains 6 '' train --data class.csv --init class.csv --model 8tanh --epochs 1 --quiet

begin "specs that are wrong"
complains 2 '^ebb: --model: .*did you mean "relu"' train --data class.csv --model 8rellu --quiet
complains 2 'spec:1:' train --data class.csv --model 3-8relu-2 --quiet

begin "an activation may be a formula"
code 0 train --data class.csv --model '8soft(z / (1 + fabs(z)))-8soft' --epochs 2 --quiet --checkpoint soft --out f.safetensors
code 0 info f.safetensors
out '^spec  *2-8soft(z/(1+fabs(z)))-8soft-2$'
out '^layer 2  *8 -> 8 soft, 72 parameters$'
code 0 eval f.safetensors --data class.csv --json --quiet
near "$(field loss out)" 0.6 0.6
code 0 train --data class.csv --model '8soft(z / (1 + fabs(z)))-8soft' --epochs 4 --quiet --out whole.safetensors
code 0 train --data class.csv --model '8soft(z/(1+fabs(z)))-8soft' --epochs 4 --quiet --resume soft --out resumed.safetensors
same whole.safetensors resumed.safetensors
code 0 train --data class.csv --model '8soft(z / (1 + fabs(z)); (1 - fabs(a)) * (1 - fabs(a)))' --epochs 1 --quiet --print-config
cp out soft.conf
code 0 train --config soft.conf --quiet
complains 2 'spec:1:25: the derivative is wrong: at z = -8 it is 0.111111, and that of the formula is 0.0123457' train --data class.csv \
  --model '8soft(z / (1 + fabs(z)); 1 - fabs(a))' --quiet
complains 2 'spec:1:7: unknown word "get_global_id"' train --data class.csv --model '8soft(get_global_id(0))' --quiet
