# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Each command on small made data: what it prints, writes, and whether the commands agree.

begin "devices"
code 0 devices
out '^\*'
code 0 devices --json
json out
out '"default": true'
out '"driver": '
silent err
complains 3 'nosuchthing' info --device nosuchthing model

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
out '^class.safetensors: finished after 30 epochs'
lines 1 out

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
code 0 eval class.safetensors --data class.csv --json --quiet
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
code 0 info class.safetensors
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

begin "both forms of a step"
for form in layers whole; do
  code 0 train --data class.csv --model 8relu --epochs 3 --quiet --step $form --out form.safetensors
done
complains 1 'is 129 wide, at most 128' train --data class.csv --model 129relu --step whole --quiet
complains 2 'step' train --data class.csv --step slow --quiet

begin "the number of threads does not matter" # PoCL's variable; other drivers run the same thing twice
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
grep -q valid_loss out && flunk "a valid_loss without validation rows"
complains 2 'trained without parting its rows' eval j.safetensors --data class.csv --part valid --quiet

begin "regression"
code 0 train --data value.csv --model 16tanh --epochs 60 --lr 0.02 --log value.log --quiet --out value.safetensors
grep -q accuracy value.log && flunk "accuracy in a regression log"
json value.log
code 0 eval value.safetensors --data value.csv --part valid --json --quiet
near "$(field mse out)" "$(field valid_loss value.log)" 1e-4
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
complains 2 'did you mean "relu"' train --data class.csv --model 8rellu --quiet
complains 2 'spec:1:' train --data class.csv --model 3-8relu-2 --quiet
