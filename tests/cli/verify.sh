# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# ebb verify: with given layers, with models, with selected checks, and with faulty kernels. Uses
# the models of cli.sh.

begin "verify"
code 0 verify --model 5-7gelu-3 --json --only 'forward*' # test_verify runs all
json out
out '"failed": 0'
for key in device driver checks worst results; do out "\"$key\": "; done
usual=$(field checks out)
err "^checks   $usual$"
code 0 verify class.safetensors --data class.csv --optimizer sgd --quiet --only 'update*'
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
code 2 verify --only 'whole_step_gpu' --quiet # used by other devices
err 'among those that this device uses by itself'

begin "verify --list"
code 0 verify --list --model 5-7gelu-3 --all --only 'gradient'
out '^gradient layer 2 weight$'
err '^device '
lines 8 out
code 0 verify --list --json --only metrics_add
json out
out '"name": "metrics_add"'
complains 2 'no check is called "metrics"' verify --list --only metrics --quiet

begin "verify --only names checks of networks too"
code 0 verify --model 5-7relu-3 --only '*weight*'
for group in kernel gradient reference; do out "^ok    $group "; done

begin "verify writes a line when it has it"
mkfifo lines
"$ebb" verify --only 'gradient' >lines 2>err &
head -n 1 lines >first # closes the pipe early
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

# dump FILE: a sentinel's dump of a wrong number: a = x w + b = 1 * 2 + 0.5, found to be 3.
dump() {
  facts='"ebb.dump":"1","what":"layer 1, forward: a [0, 0]","operation":"forward","tensor":"a","layer":"0","row":"0",
"col":"0","found":"3","expected":"2.5","bound":"1e-06","spec":"1-1","loss":"mse","batch":"1","live":"1","step":"7",
"seed":"1","optimizer":"sgd","momentum":"0","nesterov":"0","beta1":"0.9","beta2":"0.999","epsilon":"1e-08",
"weight_decay":"0","learning_rate":"0.01","device":"an old one","driver":"of old","platform":"p","engine":"cpu",
"precision":"fp32","unit":"","width":"4"'
  header='{"__metadata__":{'$facts'},"x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},
"w":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]},"b":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]},
"a":{"dtype":"F32","shape":[1,1],"data_offsets":[12,16]}}'
  {
    printf "\\$(printf %o $((${#header} % 256)))\\$(printf %o $((${#header} / 256)))\0\0\0\0\0\0%s" "$header"
    printf '\0\0\200\77\0\0\0\100\0\0\0\77\0\0\100\100'
  } >"$1"
}

begin "verify --replay"
dump wrong.safetensors
code 0 verify --replay wrong.safetensors
out '^found      layer 1, forward: a \[0, 0\] at step 7, network 1-1$'
out '^then       3 .* on an old one, driver of old$'
out '^now        2.5 '
out '^reference  2.5 '
out '^now it is right: '
code 0 verify --replay wrong.safetensors --json
json out
out '"wrong": false'
out '"now": 2.5'
rm -r broken
cp -r "$tests/../kernels" broken
sed -i 's/fma(a_value/fma(0.5f * a_value/' broken/cpu_tile.h
with EBB_KERNEL_DIR="$work"/broken code 5 verify --replay wrong.safetensors
out '^now        1.5 '
out '^the device gives a wrong number again (layer 1, forward: a \[0, 0\])'
err 'wrong again: layer 1, forward: a \[0, 0\] is 1.5, by the reference 2.5'
with EBB_KERNEL_DIR="$work"/broken code 5 verify --replay wrong.safetensors --json
out '"wrong": true'

begin "verify --replay of what is no good dump"
head -c 500 wrong.safetensors >short.safetensors
code 6 verify --replay short.safetensors
code 6 verify --replay class.safetensors
err "^ebb: --replay: class.safetensors: its metadata lack \"ebb.dump\""
code 6 verify --replay missing.safetensors
sed 's/"spec":"1-1"/"spec":"1-2"/' wrong.safetensors >other.safetensors
code 6 verify --replay other.safetensors
err 'tensor "w" is \[1, 1\], must be \[1, 2\]'
complains 2 'goes with no MODEL' verify class.safetensors --replay wrong.safetensors
