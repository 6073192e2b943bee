# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Help, options and their sources, and errors found before a device is opened.

begin "version and help"
code 0 --version
out '^ebb [0-9]*\.[0-9]*\.[0-9]*$'
cp out version
code 0 version
same out version
complains 2 'unexpected "x"' version x
code 0 help
cp out overview
for command in devices doctor data train eval predict verify info bench tune cache help version; do
  grep -q "^  $command " overview || flunk "the overview lacks $command"
  code 0 help $command
  out "usage: ebb $command"
  silent err
  cp out page
  code 0 $command --help
  same out page
done
code 0 --help
same out overview

begin "help names every option"
code 0 help train
for option in data labels target task delimiter no-header valid split model loss optimizer lr momentum \
  weight-decay batch epochs seed init no-shuffle scale no-scale out log device config json quiet missing nesterov \
  initializer valid-labels step profile trace no-clobber help drop keep categorical numeric id decimal encoding header na unknown \
  no-scale-target test test-labels seed-split patience min-delta monitor refit checkpoint every keep-checkpoints resume \
  time-limit sentinel no-self-test device-timeout max-memory; do
  out "--$option\b"
done
out '--optimizer NAME .*\[sgd, adam, adamw, rmsprop'
out 'default: 0\.2'
[ "$(awk 'length > 80' out | wc -l)" -eq 0 ] || flunk "a line is longer than 80 columns"
grep -q -e '--[a-z-]* [A-Z][A-Z][A-Z]*[a-z]' out && flunk "no blank between an option and its help"
code 0 help data
for option in to target no-target drop missing delimiter json; do out "--$option\b"; done
code 0 help eval
for option in data labels target delimiter no-header part device json; do out "--$option\b"; done
[ "$(awk 'length > 80' out | wc -l)" -eq 0 ] || flunk "a line is longer than 80 columns"

begin "commands that are not there"
complains 2 'a command is needed: devices, .* or version;'
complains 2 '"trian"; did you mean train?' trian
complains 2 '"trian"; did you mean train?' help trian
complains 2 'ebb help. lists them' frobnicate
complains 2 'unknown option --frob' --frob

begin "options that are not there"
complains 2 'unknown option --epoch; did you mean --epochs?' train --epoch 3
complains 2 'unknown option --zzzzzz; see .ebb help train' train --zzzzzz
complains 2 'eval does not take --epochs' eval m --epochs 3
complains 2 'info does not take --device' info m --device 0
complains 2 'unknown option -z' train -z
complains 2 '--epochs needs a value' train --epochs
complains 2 '--json takes no value' train --json=1
complains 2 'unexpected "class.csv"' train class.csv
complains 2 'unexpected "b" after "a"' eval a b
complains 2 'MODEL is missing' eval --data class.csv
complains 2 '--data is missing' train
complains 2 '--data is missing' predict m

begin "names of other tools"
# meant WORD OPTION: train does not know the word, and suggests the option.
meant() { complains 2 "unknown option $1; did you mean --$2?" train --data class.csv "$1" 3; }
meant --learning-rate lr
meant --learning_rate lr
meant --batch-size batch
meant --Batch_Size batch
meant --hidden 'model 64relu-32relu'
meant --layers 'model 64relu-32relu'
meant --validation-split 'valid 0.2'
meant --test-size 'test 0.2'
meant --holdout 'test 0.2'
meant --na-values na
meant --index-col id
meant --early-stopping patience
meant --y 'target NAME'
meant --label 'target NAME'
meant --sep delimiter
meant --output out
meant --random_state seed
meant --restore init
meant --gpu 'device gpu'
meant --weight_decay weight-decay
for word in save-total-limit max_to_keep keep-last; do meant --$word keep-checkpoints; done
for word in save-steps save-every save_freq; do meant --$word every; done
for word in max-time max-runtime timeout; do meant --$word time-limit; done
for word in resume-from resume_from_checkpoint; do meant --$word resume; done
meant --checkpoint-dir checkpoint
complains 2 'unknown option -epochs; did you mean --epochs?' train -epochs 3
complains 2 'predict: unknown option --learning-rate; see .ebb help predict' predict m --learning-rate 3
echo '{"batch_size": 16}' >conf.json
complains 2 'conf.json: unknown option --batch_size; did you mean --batch?' train --config conf.json
complains 2 'the data have 2; hidden layers are written with their activation: 64relu' train --data class.csv --quiet --model 64
for text in 64-32 64,32 '64 32'; do
  complains 2 'hidden .* with their activation: 64relu-32relu$' train --data class.csv --quiet --model "$text"
done

begin "values that are wrong"
for value in 0 -1 1e3 x '' 99999999999999999999; do
  complains 2 "--epochs: \"$value\" is not a whole number from 1 to" train --data class.csv --epochs "$value"
done
for value in 0,1 nan inf 0x10 -1 1.2.3; do
  complains 2 "--lr: \"$value\" is not a number from" train --data class.csv --lr "$value"
done
complains 2 '"adamm" is not one of sgd, adam, adamw.*; did you mean adam?' train --optimizer adamm
complains 2 '"sdg" is not one of .*; did you mean sgd?' train --optimizer sdg
complains 2 '"mes" is not one of .*; did you mean mse?' train --loss mes
complains 2 '"ranodm" is not one of .*; did you mean random?' train --split ranodm
complains 2 '"henormal" is not one of .*; did you mean he_normal?' train --initializer henormal
complains 2 '"most" is not one of random, last' train --split most
complains 2 '--delimiter: "5" is not' train --delimiter 5
complains 2 '--delimiter: "ab" is not' train --delimiter ab
complains 2 '--valid: "1"' train --data class.csv --valid 1
complains 2 '--valid: "-0.5"' train --data class.csv --valid -0.5
complains 2 '--seed: "-1" is not' train --seed -1
complains 2 '--data: "" is not' train --data ''
complains 2 '--momentum belongs to --optimizer sgd' train --data class.csv --momentum 0.9
complains 2 '--nesterov needs' train --data class.csv --optimizer sgd --nesterov
complains 2 '--eta-plus belongs to --optimizer rprop; adam has .*--amsgrad' train --data class.csv --eta-plus 1.3
complains 2 '--weight-decay belongs to .*; rprop has' train --data class.csv --optimizer rprop --weight-decay 0.1
complains 2 '--warmup has no effect on rprop' train --data class.csv --optimizer rprop --warmup 3
complains 2 '--schedule has no effect on rprop' train --data class.csv --optimizer rprop --schedule cosine
complains 2 'history has no effect on optimizer adam' train --data class.csv --history 3 --quiet
complains 2 '--loss: mse does not go with classification' train --data class.csv --loss mse --quiet

begin "durations and sizes"
for value in x '' 90x 1h30 30m1h 1h1h -5 1e3 1:30 inf; do
  complains 2 '--time-limit: ".*" is not a duration from .*, such as 90, 90s, 30m, 2h, 1h30m or 1d$' train --data class.csv --time-limit "$value"
done
complains 2 '--time-limit: "0" is not a duration from 0.001 to' train --data class.csv --time-limit 0
for value in x '' 5X 1.5GG 2iB -1M 1e9 0 99999999T; do
  complains 2 '--max-memory: ".*" is not a size from 1 to .* bytes, such as 500M, 2G or 1.5G, of powers of 1024$' data class.csv --max-memory "$value"
done
for value in x '' 0 0steps 1.5steps -1s 5ms 2epoch5 99999999999steps; do
  complains 2 '--every: ".*" is not a duration such as 30s or 5m, or a number of steps or epochs such as 1000steps or 2epochs$' \
    train --data class.csv --every "$value"
done
for value in 1d2h 90m 1.5h; do # the value is accepted, and another error is reported
  complains 6 'none.csv' train --data none.csv --time-limit $value --device-timeout 0 --checkpoint new --every $value
done
for value in 500M 2g 1.5G 64KiB 100000 10GB; do complains 6 'none.csv' data none.csv --max-memory $value; done
with EBB_TIME_LIMIT=soon complains 2 '^ebb: EBB_TIME_LIMIT: "soon" is not a duration' train --data class.csv
echo '{"device-timeout": "1y"}' >conf.json
complains 2 '^ebb: conf.json: device-timeout: "1y" is not a duration from 0 to' eval m --data class.csv --config conf.json
complains 1 'max-memory' train --data class.csv --max-memory 1K --quiet

begin "flag before variable before file before default"
echo '{"epochs": "three", "batch": 16, "part": "all"}' >conf.json
complains 2 'conf.json: epochs: "three"' train --config conf.json
with EBB_EPOCHS=four complains 2 'EBB_EPOCHS: "four"' train --config conf.json
with EBB_EPOCHS=four complains 2 '--epochs: "five"' train --config conf.json --epochs five
with EBB_CONFIG=conf.json complains 2 'conf.json: epochs: "three"' train
with EBB_EPOCHS='' complains 2 '--data is missing' train
with EBB_NO_SHUFFLE=perhaps complains 2 'EBB_NO_SHUFFLE: "perhaps" is not one of 1, 0, true, false' train

begin "config files that are wrong"
echo '{"bacth": 16}' >conf.json
complains 2 'conf.json: unknown option --bacth; did you mean --batch?' train --config conf.json
echo '{"lr": [1]}' >conf.json
complains 2 '"lr" must be a text' train --config conf.json
echo '{"lr": 1' >conf.json
complains 6 'conf.json:.*not JSON' train --config conf.json
echo '[1]' >conf.json
complains 6 'a JSON object is expected' train --config conf.json
complains 6 'none.json: No such file' train --config none.json
complains 6 '' train --config .
echo '{"help": true}' >conf.json
complains 2 'for the command line only' train --config conf.json

# blames TEXT OPTION VALUE ARGUMENT...: the same wrong value in a flag, a variable and a config file is
# blamed on its own source.
blames() {
  text=$1 option=$2 value=$3
  shift 3
  variable=EBB_$(echo "$option" | tr a-z- A-Z_)
  echo "{\"$option\": \"$value\"}" >conf.json
  code 2 "$@" --quiet "--$option" "$value"
  err "^ebb: --$option: $text"
  with "$variable=$value" code 2 "$@" --quiet
  err "^ebb: $variable: $text"
  code 2 "$@" --quiet --config conf.json
  err "^ebb: conf.json: $option: $text"
}

begin "what is wrong is blamed on what gave it"
blames '"0" is not a whole number' batch 0 train --data class.csv
blames 'spec:1:3: unknown activation "rleu"; did you mean "relu"?' model 64rleu train --data class.csv
blames 'spec:1:1: input size 3, but the data have 2' model 3-2 train --data class.csv
blames 'spec:1:2: unknown activation "rleu"' model 3rleu-2 bench step
blames '"1.5" is neither a fraction' valid 1.5 train --data class.csv
blames 'mse does not go with classification' loss mse train --data class.csv
blames '"3x" is not MxNxK' shape 3x bench matmul
with EBB_MOMENTUM=0.9 complains 2 '^ebb: EBB_MOMENTUM belongs to --optimizer sgd' train --data class.csv
with EBB_NESTEROV=1 complains 2 '^ebb: EBB_NESTEROV needs a --momentum' train --data class.csv --optimizer sgd
with EBB_VALID_LABELS=l complains 2 '^ebb: EBB_VALID_LABELS: belongs to' train --data class.csv
with EBB_OUT=none/m complains 1 '^ebb: EBB_OUT: none/m cannot be written' train --data class.csv
with EBB_LOG=m complains 2 '^ebb: EBB_LOG: m is the file of a model' train --data class.csv --out m
with EBB_TRACE=m complains 2 '^ebb: EBB_TRACE: m is the file of a model' train --data class.csv --out m
with EBB_CONFIG=none.json complains 6 '^ebb: EBB_CONFIG: none.json: No such file' train
with EBB_DEVICE=nosuch complains 3 '^ebb: no device matches EBB_DEVICE="nosuch"' bench matmul
complains 3 '^ebb: --device: no device matches "nosuch"' bench matmul --device nosuch
complains 6 '^ebb: --valid: "O.2" is no fraction .*, and no file to be read: No such file' train --data class.csv --valid O.2

begin "standard streams where they cannot be"
complains 2 '^ebb: --labels: standard input is already used by --data' train --data - --labels -
with EBB_VALID=- complains 2 '^ebb: EBB_VALID: standard input is already used by --data' train --data -
complains 2 '^ebb: --out: it cannot go to standard output' train --data class.csv --out -
complains 2 '^ebb: --trace: it cannot go to standard output' train --data class.csv --trace -
complains 2 '^ebb: --log: standard output has the result of --json already' train --data class.csv --log - --json

begin "output that cannot be written"
if [ -e /dev/full ]; then
  "$ebb" help >/dev/full 2>err
  [ $? -eq 1 ] || flunk "a full disk is not noticed"
  err 'standard output: No space left'
  one_line
fi
"$ebb" help >&- 2>err
[ $? -eq 1 ] || flunk "a closed stdout is not noticed"
one_line
: >out
complains 1 'is not a regular file' train --data class.csv --out .
complains 1 'cannot be written: folder none/' train --data class.csv --out none/model
complains 1 'names a folder' train --data class.csv --out none/
long=$(printf '%0256d' 0) # a byte more than names may have; reported before the data are read
complains 1 '^ebb: --out: ' train --data none.csv --out "$long"
complains 6 'none.csv' train --data none.csv --out "${long#0}"
[ ! -e "${long#0}" ] || flunk "the trial stays"
cp class.csv copy.csv
complains 2 'is also read from' train --data copy.csv --out copy.csv
complains 2 'is also read from' train --data copy.csv --log ./copy.csv
complains 2 'is the file of a model' train --data copy.csv --out new --log new
same class.csv copy.csv

begin "messages stay one line"
complains 6 '' train --data "$(printf 'no\nsuch\033file')"
complains 2 '' "$(printf 'tr\nain')"

begin "no device"
mkdir empty
(
  export OCL_ICD_VENDORS="$work/empty" OPENCL_VENDOR_PATH="$work/empty"
  unset OCL_ICD_FILENAMES
  for command in devices "train --data class.csv" "train --data class.csv --device gpu"; do
    # shellcheck disable=SC2086 # two words
    "$ebb" $command >out 2>err
    [ $? -eq 3 ] || echo "$command: not 3"
    grep '^ebb: ' err | grep -qv -e '--device:' || echo "$command: no message: $(cat err)"
  done
  "$ebb" doctor >out 2>err
  [ $? -eq 3 ] || echo "doctor: not 3"
  grep -q '^bad' out || echo "doctor: no finding"
) >found
[ ! -s found ] || flunk "$(cat found)"
