# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Real data, skipped if the folder beside the checkout is missing.

shared=$tests/../../shared/data

# real NAME FILE METRIC MINIMUM ARGUMENT...: trains; eval of the validation part must agree with the log.
real() {
  begin "real data: $1"
  file=$shared/$2 metric=$3 minimum=$4
  if [ ! -e "$file" ]; then
    echo "# skipped, there is no $file"
    name=''
    return
  fi
  shift 4
  code 0 train --data "$file" --quiet --log real.log --out real.safetensors "$@"
  [ "$metric" = r2 ] || at_least "$(field "valid_$metric" real.log)" "$minimum"
  labels=''
  case "$*" in *--labels*) labels="--labels $shared/mnist10k-labels-idx1-ubyte.gz" ;; esac
  # shellcheck disable=SC2086 # two words or none
  code 0 eval real.safetensors --data "$file" $labels --part valid --json --quiet
  # Predictions are float32: near 1 they are off by up to 2^-25, and so is the loss of a row.
  near "$(field loss out)" "$(field valid_loss real.log)" 1e-4 3e-8
  at_least "$(field "$metric" out)" "$minimum"
}

real iris iris.csv accuracy 0.9 --epochs 100
real sonar sonar.csv accuracy 0.7
real banknote banknote_authentication.csv accuracy 0.98
real optdigits optdigits.tra accuracy 0.96
real abalone abalone.csv r2 0.5 --task regression
real mnist mnist10k-images-idx3-ubyte.gz accuracy 0.95 --labels "$shared/mnist10k-labels-idx1-ubyte.gz" \
  --split last --model 784-256relu-10 --epochs 8
if [ -e "$shared/horse-colic.csv" ]; then
  begin "real data: horse-colic"
  complains 6 'a value is missing' train --data "$shared/horse-colic.csv" --target 23 --quiet
  code 0 train --data "$shared/horse-colic.csv" --target 23 --missing mean --epochs 2 --quiet --out h.safetensors
fi
