# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# ebb verify: of given layers, of models, of some checks, and of kernels that are wrong. Uses the
# models of cli.sh.

begin "verify"
code 0 verify --model 5-7gelu-3 --json
json out
out '"failed": 0'
err '^checks   [0-9]*, of what this device uses by itself; --all has more$'
for key in device driver checks worst results; do out "\"$key\": "; done
usual=$(field checks out)
err "^checks   $usual,"
code 0 verify class.safetensors --data class.csv --optimizer sgd --quiet
out ' checks, 0 failed$'
lines 1 out
code 0 verify value.safetensors --batch 5 --only 'forward layer*'
out '^ok    forward    layer 1 '
lines 3 out
complains 2 'holds the network' verify class.safetensors --model 2-2 --quiet
complains 2 '^ebb: --model: spec:1:4: unknown activation "rleu"; did you mean "relu"?' verify --model 5-7rleu-3 --quiet

begin "verify --only"
code 0 verify --only metrics_add
err '^checks   1$'
out '^ok    kernel     metrics_add '
lines 2 out
code 0 verify --all --only 'kernel probe_* width [48]' --quiet
out ': [24] checks, 0 failed$'
complains 2 '^ebb: --only: .*no check is called "metrics"' verify --only metrics --quiet
code 2 verify --only 'whole_step_gpu' --quiet # of other devices
err 'among those that this device uses by itself'

begin "verify --only names checks of networks too"
code 0 verify --model 5-7relu-3 --quiet
cp out all
code 0 verify --model 5-7relu-3 --quiet --only '*'
same out all
code 0 verify --model 5-7relu-3 --only '*weight*'
for group in kernel gradient reference; do out "^ok    $group "; done

begin "verify writes a line when it has it"
mkfifo lines
"$ebb" verify --only 'gradient' >lines 2>err &
head -n 1 lines >first # ends the pipe
wait $!
[ $? -eq 141 ] || flunk "not ended by the closed pipe"
grep -q '^ok    gradient ' first || flunk "no line: $(cat first)"

begin "verify of kernels that are wrong"
cp -r "$tests/../kernels" broken
sed -i 's/1\.0f/1.5f/g' broken/*.cl broken/*.h
with EBB_KERNEL_DIR="$work"/broken code 5 verify --model 5-7sigmoid-3 --only 'gradient*' --quiet
out '^FAIL'
sed -i 's/^void metrics_add(/void metrics_add(nonsense, /' broken/update.cl
with EBB_KERNEL_DIR="$work"/broken code 4 verify --only metrics_add --quiet
err 'kernel metrics_add .* does not build'
