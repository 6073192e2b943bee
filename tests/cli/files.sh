# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Files from other programs, what info says about any file, and runs repeated from their own output.

begin "info lists files that are no models of ours"
tensors '{"__metadata__":{"format":"pt"},"fc1.weight":{"dtype":"F32","shape":[8,2],"data_offsets":[0,64]},"fc2.weight":{"dtype":"F32","shape":[2,8],"data_offsets":[64,128]},"step":{"dtype":"I64","shape":[],"data_offsets":[128,136]}}' 136 >fc.safetensors
code 0 info fc.safetensors
silent err
out '^file  *fc.safetensors$'
out '^no model  *its layers are 2-8-2, but PyTorch does not save .* --model 2-8relu-2$'
out '^tensor  *fc1.weight  F32 \[8, 2\], 64 bytes$'
out '^tensor  *step  I64 \[\], 8 bytes$'
out '^metadata  *format  pt$'
code 0 info fc.safetensors --json
json out
out '"problem": "its layers are 2-8-2'
out '"name": "fc2.weight"'
code 0 info fc.safetensors --model 8tanh
out '^spec  *2-8tanh-2$'
out '^note  *no bias in the file, taken as zeros: fc1.weight \[8, 2\], fc2.weight \[2, 8\]$'
out '^note  *ignored, being no parameter of the network: step I64$'
grep -q '^loss' out && flunk "a loss that the file does not tell"
complains 6 '"fc1.weight" is \[8, 2\], must be \[9, 2\]' info fc.safetensors --model 9tanh
complains 2 '^ebb: --model: spec:1:1: input size 3' info fc.safetensors --model 3-8tanh
tensors '{"conv.weight":{"dtype":"F32","shape":[1,1,2,2],"data_offsets":[0,16]}}' 16 >conv.safetensors
code 0 info conv.safetensors
out '^no model  *tensor "conv.weight" has 4 dimensions, as the weight of a convolution'
tensors '{"__metadata__":{"ebb.spec":"2-2"},"w":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]}}' 3 >ours.safetensors
complains 6 'ours.safetensors: holds no dense layer' info ours.safetensors
tensors '{}' 0 >none.safetensors
code 0 info none.safetensors
out '^no model  *holds no dense layer: .* it has none at all$'

begin "notes on the weights of such a file"
complains 6 'fc.safetensors: its layers are 2-8-2' train --data class.csv --init fc.safetensors --quiet --out init.safetensors
code 0 train --data class.csv --init fc.safetensors --model 8relu --epochs 1 --out init.safetensors
err '^weights  fc.safetensors: no bias in the file'
err '^weights  fc.safetensors: ignored, .*: step I64$'
code 0 predict fc.safetensors --model 8relu --data class.csv
err '^weights  fc.safetensors: no bias in the file'
code 0 info init.safetensors
out '^tensor  *2.weight  F32 \[2, 8\], 64 bytes$'

begin "the encoder in words"
printf 'size,color,y\n1,red,0\n2,blue,1\n3,red,0\n4,green,1\n' >words.csv
code 0 train --data words.csv --valid 0 --model 4relu --epochs 1 --quiet --out words.safetensors
code 0 info words.safetensors
out '^column 0  *size: a number, mean 2.5, deviation 1.11803$'
out '^column 1  *color: a category: 3 of its own input, 3 inputs$'
out '^metadata  *ebb.encoder  [0-9]* bytes$'

begin "a run is repeated from what it wrote"
code 0 train --data class.csv --model 8relu --lr 0.02 --batch 16 --epochs 3 --valid 0.3 --seed 5 --json --quiet \
  --log run.log --out first.safetensors
cp out run.json
code 0 train --config run.json --quiet --out second.safetensors
same first.safetensors second.safetensors
code 0 train --data class.csv --config run.log --quiet --out third.safetensors
same first.safetensors third.safetensors
code 0 train --config run.json --seed 6 --quiet --out other.safetensors
differ first.safetensors other.safetensors
code 0 eval first.safetensors --config run.json --quiet
with EBB_LR=0.02 code 0 train --data class.csv --model 8relu --batch 16 --epochs 3 --valid 0.3 --seed 5 --json --quiet --out v.safetensors
cp out variable.json
code 0 train --config variable.json --quiet --out fourth.safetensors
same first.safetensors fourth.safetensors
[ -e out.safetensors ] && flunk "where the model went has been taken from the result"
tail -1 run.log >end.log
code 0 train --config end.log --quiet --out fifth.safetensors
same first.safetensors fifth.safetensors
echo '{"type": "start", "spec": "2-8relu-2"}' >old.log
complains 6 'old.log: is a result or log without "options"' train --config old.log
echo '{"type": "start", "options": {"bacth": 3}}' >wrong.log
complains 2 'wrong.log: unknown option --bacth; did you mean --batch?' train --config wrong.log
sed 's/^{/{"bacth": 3, /' run.json >extra.json
code 0 train --config extra.json --quiet --out sixth.safetensors
same first.safetensors sixth.safetensors
printf '{"epochs": 1}\nmore\n' >trailing.json
complains 6 'trailing.json:2:.*not JSON' train --config trailing.json

# harmless FILE: no character that a terminal would obey: no control character except line ends, none of
# Latin-1's, no change of direction, no line separator.
harmless() {
  LC_ALL=C tr -d '\n\r' <"$1" | LC_ALL=C grep -q "$(printf '[\001-\037\177]\|\302[\200-\237]\|\342\200[\250-\256]\|\342\201[\246-\251]')" &&
    flunk "$1 would steer a terminal: $(LC_ALL=C sed -n l "$1" | grep '\\033\|\\007\|\\302\|\\342' | head -5)"
}

# on_terminal ARGUMENT...: runs the tool on a terminal, if there is one; its output is in out.
on_terminal() {
  words=$ebb
  for word; do words="$words '$word'"; done
  TERM=dumb script -qec "$words" /dev/null >out 2>&1 </dev/null || flunk "on a terminal: $*: $(head -c 300 out)"
}

begin "names that would steer a terminal"
title=$(printf 'A\033]0;title\007') csi=$(printf 'B\302\2332J') rlo=$(printf 'C\342\200\256txt.exe') line=$(printf 'D\342\200\250e')
{
  echo "$title,$csi,key$rlo,kind"
  for i in 1 2 3 4 5 6; do printf '%s\n' "$i,$((i * i % 7)),k$i$title,$title" "$((i + 3)),$i,l$i$csi,$csi" "$i.5,1,m$i,$rlo" "2,$i,n$i,$line"; done
} >steer.csv
code 0 train --data steer.csv --target kind --id "key$rlo" --model 4relu --epochs 1 --out steer.safetensors --log steer.log
for text in out err steer.log; do harmless $text; done
for command in "info steer.safetensors" "info steer.safetensors --json" "data steer.csv" "data steer.csv --json" \
  "eval steer.safetensors --data steer.csv" "eval steer.safetensors --data steer.csv --json" \
  "predict steer.safetensors --data steer.csv --json"; do
  # shellcheck disable=SC2086 # words
  code 0 $command
  harmless out
  harmless err
  case $command in *--json) json out ;; esac
done
if command -v jq >/dev/null; then
  code 0 eval steer.safetensors --data steer.csv --json --quiet
  for class in "$title" "$csi" "$rlo" "$line"; do
    jq -e --arg name "$class" '.classes | map(.name) | index([$name])' out >/dev/null || flunk "JSON lacks a class: $(head -c 600 out)"
  done
fi
code 0 predict steer.safetensors --data steer.csv --id "key$rlo" --quiet
for class in "$title" "$csi" "$rlo" "$line"; do grep -qF "p_$class" out || flunk "a name is not exact: $(head -1 out)"; done
cp out exact.csv
code 0 predict steer.safetensors --data steer.csv --id "key$rlo" --quiet --out steer.out
same exact.csv steer.out
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
  on_terminal predict steer.safetensors --data steer.csv --id "key$rlo" --quiet
  harmless out
  out 'p_A?]0;title?,p_B?2J,p_C?txt.exe,p_D?e'
  on_terminal eval steer.safetensors --data steer.csv --quiet
  harmless out
else
  echo "# skipped: what a terminal gets (no script, or no terminals)"
fi
tensors "{\"__metadata__\":{\"k\\u001b[2J\":\"v\\u009b2J\\u202e\"},\"w\\u009b31m\\u202e.weight\":{\"dtype\":\"F32\",\"shape\":[1,2,1],\"data_offsets\":[0,8]}}" 8 >steer.tensors
code 0 info steer.tensors
harmless out
out '^tensor  *w?31m?.weight  F32'
complains 6 '' eval steer.tensors --data steer.csv --quiet
harmless err

begin "layers without bias"
code 0 train --data class.csv --model 8relu:nobias-2:nobias --epochs 1 --valid 0 --quiet --out nobias.safetensors
code 0 info nobias.safetensors
out '^spec  *2-8relu:nobias-2:nobias$'
out '^layer 1  *2 -> 8 relu:nobias, 16 parameters$'
out '^layer 2  *8 -> 2 :nobias, 16 parameters$'
out '^tensor  *2.weight  F32'
grep -q 'bias  F32' out && flunk "a bias in the file"
code 0 info nobias.safetensors --json
out '"nobias": 1'
code 0 predict nobias.safetensors --data class.csv
code 0 train --data class.csv --init nobias.safetensors --model 8relu --epochs 1 --out nobias2.safetensors
err '^weights  nobias.safetensors: no bias in the file, taken as zeros'

begin "parameters of activations"
code 0 train --data class.csv --model '8leaky_relu(0.2)-8sin(3)' --epochs 1 --valid 0 --quiet --out parameters.safetensors
code 0 info parameters.safetensors
out '^spec  *2-8leaky_relu(0.2)-8sin(3)-2$'
out '^layer 2  *8 -> 8 sin(3), 72 parameters$'
code 0 info parameters.safetensors --json
out '"activation": "leaky_relu(0.2)"'
code 0 predict parameters.safetensors --data class.csv
complains 2 '^ebb: --model: spec:1:8: "-1" is no parameter a of elu; it is a number from 0.000001 to 1000' verify --model '4-8elu(-1)-3' --quiet
