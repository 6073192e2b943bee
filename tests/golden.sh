#!/bin/sh
# Dense networks keep their bits: models, checkpoints, logs and figures against files in golden/ that
# an earlier version wrote.
#
# golden.sh EBB [FOLDER]    trains every case anew and compares; resumes the old checkpoints; evaluates
#                           and predicts with the old models; 77: skipped. CASES: a pattern of names
# golden.sh --write EBB [FOLDER]
#                           makes all files anew. Only for a change of the bits that is intended.
#
# Bits depend on the vector width, not on the instructions behind it, so a forced EBB_WIDTH=8 gives on
# a machine of width 16 what a machine of width 8 gives. A file that is the same in all widths is kept
# once; width-W/ has those that differ. Bits also depend on where the compiler fuses multiply and add.
# golden/driver names the one that wrote the files; under another, what differs is shown and skipped.
# shellcheck disable=SC2317 # each gets functions by name
set -u
width=${EBB_WIDTH-}
# shellcheck disable=SC2046 # names
unset $(env | sed -n 's/^\(EBB_[A-Z_]*\)=.*/\1/p')
export LC_ALL=C EBB_DEVICE=cpu
writes=false
if [ "${1-}" = --write ]; then writes=true && shift; fi
[ -x "${1-}" ] || { echo "usage: golden.sh [--write] EBB [FOLDER]" >&2; exit 2; }
ebb=$(realpath "$1")
tests=$(cd "$(dirname "$0")" && pwd)
golden=$(realpath -m "${2:-$tests/golden}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
cp "$tests/../examples/iris.csv" .
head -21 iris.csv >some.csv
failed=0 different=0

widths="16 8" # of AVX-512 and of AVX2
net=20relu-17tanh-9gelu
iris="--data iris.csv --model $net --batch 32 --epochs 3" # 120 rows: the last batch has 24
petal="$iris --task regression --drop species --target petal_width"
nesterov="--optimizer sgd --momentum 0.9 --nesterov"

# Every case: its name, its variables (- for none), its options.
cases="
layers_sgd       -                        $iris --step layers $nesterov
layers_adam_host -                        $iris --step layers --data-on host --optimizer adam
layers_adamw_mse -                        $petal --step layers --optimizer adamw --no-shuffle
whole_sgd        -                        $iris --step whole $nesterov --weight-decay 0.01
whole_adam_host  -                        $iris --step whole --data-on host --optimizer adam --no-shuffle
whole_adamw_mse  -                        $petal --step whole --optimizer adamw
stopped          -                        $iris --step whole --lr 0.05 --epochs 40 --patience 3
gpu_layers       EBB_MATMUL=gpu           $iris --step layers
gpu_whole        EBB_MATMUL=gpu           $iris --step whole
tf32             EBB_MATRIX_UNIT=emulated $iris --precision tf32
bf16             EBB_MATRIX_UNIT=emulated $iris --precision bf16
"
kept="layers_sgd whole_adamw_mse"                            # these write checkpoints too
used="layers_sgd whole_adamw_mse stopped gpu_layers bf16"    # these models evaluate and predict

has() { case " $2 " in *" $1 "*) ;; *) false ;; esac; }

# with VARIABLE COMMAND...: the tool, at this width. Its messages are shown if it fails.
with() {
  variable=$1
  shift
  [ "$variable" != - ] || variable=EBB_MATMUL=
  env "$variable" EBB_WIDTH="$width" "$ebb" "$@" 2>err </dev/null || {
    echo "not ok width $width: $variable ebb $*: $(head -c 400 err)" >&2
    failed=1
    false
  }
}

# ---- what is compared of a file ----

# A model or the tensors of a checkpoint: the header by lines, without its version and its checksum,
# then the numbers.
tensors() {
  size=$(od -An -tu8 -N8 "$1" | tr -d ' ')
  tail -c +9 "$1" | head -c "$size" | sed 's/ *$//; s/,"/\n"/g; s/{"/{\n"/g' | grep -v '^"ebb\.\(version\|checksum\)"'
  tail -c +$((9 + size)) "$1" | od -An -v -tx4
}

# A log or a result: a line a field, without what no two runs or devices have in common.
figures() {
  sed 's/"options":{[^}]*}//; s/[][{}, ]*\("[a-z_]*":\)/\n\1/g' "$1" |
    grep -v '^"\(version\|device\|device_reason\|platform\|driver\|model\|seconds\|samples_per_second\|[a-z_]*_seconds\|programs_[a-z]*\|resumed_step\)":'
}

# Where a checkpoint stands.
standing() { sed -n '/^ "at"/,/^ }/p' "$1"; }

# ---- what a width gives: files in `made` ----

makes() { # NAME VARIABLE TRAINING...
  name=$1 variable=$2
  shift 2
  if has "$name" "$kept"; then set -- "$@" --checkpoint "made/$name.checkpoint" --every 2epochs; fi
  with "$variable" train "$@" --no-self-test --quiet --out "made/$name.safetensors" --log log >out || return
  figures log >"made/$name.log"
  rm -rf "made/$name.checkpoint/"*12.* # the last one: the training is over
}

# As the model at a path does it. uses NAME VARIABLE MODEL TRAINING...
uses() {
  name=$1 variable=$2 model=$3 precision=fp32
  case " $* " in *" --precision "*) for precision; do :; done ;; esac # the last word
  with "$variable" eval "$model" --data iris.csv --precision "$precision" --json >out && figures out >"made/$name.eval"
  with "$variable" predict "$model" --data some.csv --precision "$precision" >"made/$name.predictions"
}

# Lines `NAME VARIABLE TRAINING...` to a command.
each() {
  while read -r name variable options; do
    # shellcheck disable=SC2086 # they are words
    echo "$name" | grep -Eq "^(${CASES:-.+})\$" && "$@" "$name" "$variable" $options
  done <<END
$cases
END
}

# ---- writing ----

writes_one() {
  makes "$@" || return
  if has "$1" "$used"; then uses "$1" "$2" "made/$1.safetensors" "$@"; fi
}

write_all() {
  if [ -e "$golden" ] && [ ! -e "$golden/driver" ]; then
    echo "golden.sh: $golden holds something else; nothing is written" >&2
    exit 2
  fi
  for width in $widths; do
    mkdir made
    each writes_one
    mv made "made-$width"
  done
  [ $failed = 0 ] || exit 1
  rm -rf "$golden"
  mkdir -p "$golden"
  for file in $(cd "made-$width" && find . -type f); do
    if same_in_all "$file"; then
      put "made-$width/$file" "$golden/$file"
    else
      for width in $widths; do put "made-$width/$file" "$golden/width-$width/$file"; done
    fi
  done
  driver >"$golden/driver"
}

same_in_all() {
  for other in $widths; do cmp -s "made-$width/$1" "made-$other/$1" || return; done
}

put() {
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2"
}

# ---- comparing ----

# The old file of that name for this width.
old() { if [ -e "$golden/width-$width/$1" ]; then echo "$golden/width-$width/$1"; else echo "$golden/$1"; fi; }

# alike VIEW FILE NAME [NOTE]: FILE shows in a view what the old file of that name shows in it. A text may
# have more lines, for fields that are new.
alike() {
  "$1" "$(old "$3")" >one
  "$1" "$2" >other
  [ "$1" = tensors ] && lost='^[<>]' || lost='^<'
  if [ -s one ] && ! diff one other | grep -q "$lost"; then
    echo "ok width $width: $3${4:+, $4}"
  else
    echo "not ok width $width: $3${4:+, $4}: $(diff one other | grep -c "$lost") of $(wc -l <one) lines differ: old <, new >"
    diff one other | grep '^[<>]' | cut -c1-150 | head -6 | sed 's/^/    /'
    different=1
  fi
}

compares_one() {
  makes "$@" || return
  alike tensors "made/$1.safetensors" "$1.safetensors"
  alike cat "made/$1.log" "$1.log"
  if has "$1" "$kept"; then
    at=$1.checkpoint/step-000000000008
    alike tensors "made/$at.safetensors" "$at.safetensors"
    alike standing "made/$at.json" "$at.json"
    resumes "$@"
  fi
  if has "$1" "$used"; then
    uses "$1" "$2" "$(old "$1.safetensors")" "$@"
    alike cat "made/$1.eval" "$1.eval"
    alike cat "made/$1.predictions" "$1.predictions"
  fi
}

# The old checkpoint, resumed, ends in the old model; the log goes on with the third epoch.
resumes() {
  mkdir cut
  for part in json safetensors; do cp "$(old "$1.checkpoint/step-000000000008.$part")" cut; done
  with "$2" train --resume cut --data iris.csv --quiet --out resumed.safetensors --log log >out || return
  alike tensors resumed.safetensors "$1.safetensors" "resumed"
  figures log >resumed.log
  alike rest resumed.log "$1.log" "resumed"
  rm -rf cut
}

rest() { sed -n '/"epoch":3/,$p' "$1"; }

compare_all() {
  mkdir made
  each compares_one
  rm -rf made
}

# The device's driver, in words.
driver() { "$ebb" devices --json | tr -d '\n' | sed -n 's/.*"platform": *"\([^"]*\)".*"driver": *"\([^"]*\)".*/\1 \2/p'; }
own_width() {
  "$ebb" devices --json | sed -n 's/.*"float_width": *\([0-9]*\).*/\1/p' | head -1 |
    awk '{ print ($1 >= 16 ? 16 : $1 >= 8 ? 8 : 4) }'
}

skip() { echo "skipped: $*"; exit 77; }

"$ebb" devices --json | grep -q '"type": "CPU"' || skip "there is no CPU device"
if $writes; then
  write_all
else
  width=${width:-$(own_width)}
  [ -d "$golden/width-$width" ] || skip "no files of vector width $width in $golden, only of $widths"
  compare_all
  [ $different = 0 ] || [ "$(driver)" = "$(cat "$golden/driver")" ] || [ $failed = 1 ] ||
    skip "bits differ, and the files were written under $(cat "$golden/driver"); this is $(driver)"
fi
exit $((failed | different))
