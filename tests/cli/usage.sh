# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Help, options and their sources, and what is refused before a device is opened.

begin "version and help"
code 0 --version
out '^ebb [0-9]*\.[0-9]*\.[0-9]*$'
code 0 help
cp out overview
for command in devices doctor train eval predict verify info bench cache help; do
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
  weight-decay batch epochs seed init no-shuffle no-scale out log device config json quiet missing nesterov \
  initializer valid-labels step profile trace help; do
  out "--$option\b"
done
out '--optimizer NAME .*\[sgd, adam, adamw\]'
out 'default: 0\.2'
code 0 help eval
for option in data labels target delimiter no-header part device json; do out "--$option\b"; done
[ "$(awk 'length > 80' out | wc -l)" -eq 0 ] || flunk "a line is longer than 80 columns"

begin "commands that are not there"
complains 2 'a command is needed'
complains 2 '"trian"; did you mean train?' trian
complains 2 '"trian"; did you mean train?' help trian
complains 2 'ebb help. lists them' frobnicate
complains 2 'unknown option --frob' --frob

begin "options that are not there"
complains 2 'unknown option --epoch; did you mean --epochs?' train --epoch 3
complains 2 'unknown option --zzzzzz; see .ebb help train' train --zzzzzz
complains 2 'eval does not take --epochs' eval m --epochs 3
complains 2 'unknown option -z' train -z
complains 2 '--epochs needs a value' train --epochs
complains 2 '--json takes no value' train --json=1
complains 2 'unexpected "class.csv"' train class.csv
complains 2 'unexpected "b" after "a"' eval a b
complains 2 'MODEL is missing' eval --data class.csv
complains 2 '--data is missing' train
complains 2 '--data is missing' predict m

begin "values that are wrong"
for value in 0 -1 1e3 x '' 99999999999999999999; do
  complains 2 "--epochs: \"$value\" is not a whole number from 1 to" train --data class.csv --epochs "$value"
done
for value in 0,1 nan inf 0x10 -1 1.2.3; do
  complains 2 "--lr: \"$value\" is not a number from" train --data class.csv --lr "$value"
done
complains 2 '"adamm" is not one of sgd, adam, adamw; did you mean adam?' train --optimizer adamm
complains 2 '"most" is not one of random, last' train --split most
complains 2 '--delimiter: "5" is not' train --delimiter 5
complains 2 '--delimiter: "ab" is not' train --delimiter ab
complains 2 '--valid: "1"' train --data class.csv --valid 1
complains 2 '--valid: "-0.5"' train --data class.csv --valid -0.5
complains 2 '--seed: "-1" is not' train --seed -1
complains 2 '--data: "" is not' train --data ''
complains 2 '--momentum belongs to --optimizer sgd' train --data class.csv --momentum 0.9
complains 2 '--nesterov needs' train --data class.csv --optimizer sgd --nesterov
complains 2 '--loss mse does not go with classification' train --data class.csv --loss mse --quiet

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
complains 6 'a JSON object is needed' train --config conf.json
complains 6 'none.json: No such file' train --config none.json
complains 6 '' train --config .
echo '{"help": true}' >conf.json
complains 2 'for the command line only' train --config conf.json

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
  for command in devices "train --data class.csv"; do
    # shellcheck disable=SC2086 # two words
    "$ebb" $command >out 2>err
    [ $? -eq 3 ] || echo "$command: not 3"
    grep -q '^ebb: ' err || echo "$command: no message: $(cat err)"
  done
  "$ebb" doctor >out 2>err
  [ $? -eq 3 ] || echo "doctor: not 3"
  grep -q '^bad' out || echo "doctor: no finding"
) >found
[ ! -s found ] || flunk "$(cat found)"
