# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# ebb train --profile and --trace: the table adds up, and there is a trace however a training ends.

begin "a profile's table"
code 0 train --data class.csv --model 16tanh --step layers --epochs 30 --quiet --profile --out profile.safetensors
silent err
out '^profile.safetensors: finished after 30 epochs'
out '^profile of 149 steps and their evaluations, without the first: [0-9.]* us a step$'
out '^kernel  *shape  *launches  *total ms  *mean us  *GFLOP/s  *GB/s  *share$'
out '^gather  *32x2  *149 '
out '^matmul_nn_[cg]pu  *32x16x2  *149 '
out '^update  *[0-9]*  *149 '
out '^idle  .* %$'
out '^all .* 100\.0 %$'
awk '/^all /{ seen = 1; all = $(NF - 1) } /%$/ && !/^all /{ sum += $(NF - 1) } END {
  exit !(seen && sum > all - 2 && sum < all + 2) }' out || flunk "shares do not add up: $(cat out)"
code 0 train --data class.csv --model 16tanh --step layers --epochs 30 --quiet --out plain.safetensors
same profile.safetensors plain.safetensors

begin "a profile tells of streamed blocks"
code 0 train --data class.csv --epochs 3 --data-on host --quiet --profile --out profile.safetensors
out '^upload of a block  .* %$'

begin "a profile as JSON"
code 0 train --data class.csv --model 16tanh --epochs 3 --quiet --profile --json --log profile.log --out profile.safetensors
json out
json profile.log
if command -v jq >/dev/null; then
  jq -e '.profile | .steps == 14 and (.kernels | length > 3) and .seconds > 0 and
    (([.kernels[].share] | add) + .idle_share + .first_use_share | . > 0.999 and . < 1.001)' out >/dev/null ||
    flunk "profile: $(cat out)"
  tail -1 profile.log | jq -e '.profile.kernels[0].launches > 0' >/dev/null || flunk "end line: $(tail -1 profile.log)"
fi
code 0 train --data class.csv --model 16tanh --epochs 3 --quiet --json --out plain.safetensors
out '"reason": "finished"'
grep -q '"profile"' out && flunk "a profile that nobody asked for"

# has_trace FILE: checks the trace of a complete or interrupted training.
has_trace() {
  json "$1"
  grep -q '"ph":"M".*"process_name"' "$1" || flunk "$1 names no process"
  grep -q '"ph":"X".*"tid":1,"name":"[a-z_]*","ts":[0-9.]*,"dur":[0-9.]*,"args":{"shape":\[[0-9,]*\],"flops":[0-9]*,"bytes":[0-9]*}}' "$1" ||
    flunk "$1 holds no launch"
  for phase in prepare compile 'first step' 'epoch 1' evaluation; do
    grep -q "\"tid\":2,\"name\":\"$phase\"" "$1" || flunk "$1 lacks the phase $phase"
  done
}

begin "a trace"
code 0 train --data class.csv --model 16tanh --epochs 3 --trace trace.json --out profile.safetensors
err '^trace    trace.json, [0-9]* events$'
lines 1 out
has_trace trace.json
grep -q '"name":"save model"' trace.json || flunk "the trace lacks the phase save model"
same profile.safetensors plain.safetensors

begin "a trace of what did not finish"
code 5 train --data value.csv --optimizer sgd --lr 1e30 --epochs 3 --quiet --trace numbers.json --out none.safetensors
one_line
json numbers.json
rm -f stop.log
"$ebb" train --data class.csv --model 8relu --epochs 1000000 --log stop.log --profile --trace stop.json \
  --out stop.safetensors >out 2>err &
process=$!
until grep -qs '"type":"epoch"' stop.log || ! kill -0 $process; do sleep 0.1; done
kill -INT $process
wait $process
got=$?
[ $got -eq 130 ] || flunk "SIGINT gave $got, not 130"
out '^all '
has_trace stop.json
code 0 info stop.safetensors
ls ./*.tmp >/dev/null 2>&1 && flunk "temporary files are left"

begin "a trace that cannot be written is told before the training"
mkdir -p folder
complains 1 'not a regular file' train --data class.csv --trace folder
complains 1 'folder' train --data class.csv --trace none/trace.json
complains 1 'names a folder' train --data class.csv --trace nothing/
complains 1 'not a regular file' train --data class.csv --trace /dev/null
cp class.csv copy.csv
complains 2 'is also read from' train --data copy.csv --trace copy.csv
same class.csv copy.csv
complains 2 'the file of a model' train --data class.csv --trace new.out --out new.out
complains 2 'is the log' train --data class.csv --trace new.log --log new.log
complains 2 'does not take --trace' eval class.safetensors --data class.csv --trace trace.json
complains 2 'does not take --profile' eval class.safetensors --data class.csv --profile
