# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Configurations: the plain form, sections by task, recipes, and --print-config, whose file repeats a run.

learn="train --data class.csv --model 8tanh --epochs 3"

# repeats OPTION...: what --print-config prints gives the model that the options give.
repeats() {
  code 0 train "$@" --print-config --quiet
  cp out printed.conf
  silent err
  code 0 train "$@" --quiet --out given.safetensors
  code 0 train --config printed.conf --quiet --out again.safetensors
  same given.safetensors again.safetensors
}

begin "a printed configuration repeats the run, and prints itself"
repeats --data class.csv --model 8tanh --epochs 3 --optimizer sgd --momentum 0.9 --nesterov --schedule 'multistep(1epoch,0.9)' --warmup 3
for line in 'data = class.csv  *# --data' 'task = classification  *# the target' 'model = 8tanh  *# --model' \
  'loss = cross_entropy ' 'lr = 0.01  *# the optimizer' 'momentum = 0.9 ' 'nesterov = true ' 'epochs = 3 ' '# patience =' \
  'schedule = multistep(1epoch,0.9) ' 'schedule-factor = 0.1  *# the schedule' '# beta1 =' 'batch = 32  *# default'; do
  grep -q "^$line" printed.conf || flunk "no \"$line\": $(cat printed.conf)"
done
code 0 train --config printed.conf --print-config --quiet
sed 's/ *#.*//' out >twice
sed 's/ *#.*//' printed.conf | diff - twice >diff || flunk "$(head -3 diff)"
repeats --data class.csv --model 4relu --valid 0 --epochs 2 --optimizer adamw
repeats --data class.csv --model 4relu --patience 2 --min-delta 0.1 --epochs 9 --split last

begin "every option of a training is printed, or is for the command line only"
code 0 help train
sed -n 's/^ \{2\}.\{4\}--\([a-z0-9-]*\).*/\1/p' out | sort -u >options
sed -n 's/^\(# \)\{0,1\}\([a-z0-9-]*\) =.*/\2/p' printed.conf | sort -u >found
[ "$(comm -23 options found | tr '\n' ' ')" = "config find-lr help json print-config quiet recipe resume " ] ||
  flunk "missing: $(comm -23 options found | tr '\n' ' ')"

begin "a configuration may be plain text with sections for the tasks"
cat >plain.conf <<END
# how to train
epochs = 3          # few
na = "?, #"
lr = 0.5
[classification]
lr = 0.02
[regression]
lr = 0.03
optimizer = sgd
END
code 0 train --data class.csv --model 8tanh --config plain.conf --print-config --quiet
out '^lr = 0.02  *# plain.conf: lr$'
out '^na = "?, #"  *# plain.conf: na$'
code 0 train --data class.csv --model 8tanh --config plain.conf --lr 0.1 --print-config --quiet
out '^lr = 0.1  *# --lr$'
code 0 train --data class.csv --target 0 --task regression --model 8tanh --config plain.conf --print-config --quiet
out '^lr = 0.03 '
out '^optimizer = sgd '
code 0 $learn --config plain.conf --quiet --out by_section.safetensors
code 0 $learn --na '?, #' --lr 0.02 --quiet --out by_option.safetensors
same by_section.safetensors by_option.safetensors
echo '{"classification": {"lr": 0.02}, "epochs": 3}' >sections.json
code 0 $learn --config sections.json --print-config --quiet
out '^lr = 0.02 '
mkfifo pipe
for form in 'lr = 0.25' '{"lr": 0.25}'; do # which is read once
  echo "$form" >pipe &
  code 0 $learn --config pipe --print-config --quiet
  wait
  out '^lr = 0.25 '
done

begin "plain configurations that are wrong"
wrong() { # TEXT CODE MESSAGE
  printf '%b' "$1" >wrong.conf
  complains "$2" "$3" $learn --quiet --config wrong.conf
}
wrong 'lr 0.1\n' 6 'wrong.conf:1: "lr 0.1" is no line'
wrong '\nlr = 1\nlr = 2\n' 2 'wrong.conf:3: lr is given twice'
wrong 'bacth = 3\n' 2 'wrong.conf: unknown option --bacth; did you mean --batch?'
wrong '[tasks]\nlr = 1\n' 2 'wrong.conf: .*\[classification\] or \[regression\]'
wrong 'lr = 1\n[regression\n' 2 'wrong.conf:2: a section is \[name\]'
wrong '[regression]\ntarget = 3\n' 2 'wrong.conf: target cannot depend on the task'
wrong 'lr = "1\n' 2 'wrong.conf:1: lr: "1 is not a text as JSON writes it'
wrong '[classification]\nlr = x\n' 2 'wrong.conf: lr: "x" is not a number'

begin "a recipe is overruled by a configuration, which is overruled by options"
code 0 train --data class.csv --recipe careful --print-config --quiet
out '; recipe careful$'
out '^batch = 64  *# recipe careful: batch$'
out '^warmup = 5epochs  *# recipe careful: warmup$'
echo 'batch = 16' >batch.conf
code 0 train --data class.csv --recipe careful --config batch.conf --epochs 3 --warmup 0 --print-config --quiet
out '^batch = 16  *# batch.conf: batch$'
out '^epochs = 3  *# --epochs$'
repeats --data class.csv --model 8tanh --recipe careful --epochs 12 --schedule constant --warmup 1
complains 2 '^ebb: --recipe: there is no recipe "x"; known are: careful' $learn --recipe x
code 0 help train
out '^  careful  *[A-Z]'
code 0 $learn --recipe careful --warmup 0 --checkpoint run --quiet --out whole.safetensors
code 0 train --resume run --quiet --out resumed.safetensors
same whole.safetensors resumed.safetensors

begin "layers are named by their numbers, or all of a kind"
scaled="$learn --model scale-8tanh --epochs 2 --quiet"
code 0 $scaled --layer-rate 1=6,2..3=0.5 --out numbered.safetensors
code 0 $scaled --layer-rate scale=6,dense=0.5,periodic=3 --out named.safetensors
same numbered.safetensors named.safetensors
complains 2 '^ebb: --layer-rate: "scaled=6": expected layers: 2, 1..3, all-but-last, or a kind' $learn --quiet --layer-rate scaled=6
complains 2 'every layer with weights is frozen' $learn --quiet --freeze dense

begin "members make an ensemble; its configuration repeats it, and it goes on from a checkpoint"
repeats --data class.csv --members 3 --epochs 2
code 0 train --data class.csv --recipe tabm --print-config --quiet
out '^members = 32  *# recipe tabm: members$'
rm -rf run
code 0 $learn --members 3 --epochs 2 --quiet --sentinel 1 --out whole.safetensors
code 0 $learn --members 3 --epochs 1 --checkpoint run --quiet --out half.safetensors
code 0 train --resume run --epochs 2 --quiet --out resumed.safetensors
same whole.safetensors resumed.safetensors
code 0 info resumed.safetensors
out '^spec  *[0-9]*-members3-adapter:nobias:signs-.*-mean:softmax$'
complains 2 '^ebb: --members: "1" is not a whole number from 2 to 256' $learn --members 1
complains 2 '^ebb: --model: .*batchnorm cannot stand among the members' $learn --members 2 --model 8relu-batchnorm --quiet
