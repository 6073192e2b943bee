# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# eval: which rows it uses, what it prints about them, its warnings. Uses class.csv and value.csv.

# class.safetensors with a change, and without the checksum that would reveal it.
unsealed() { sed -e 's/"ebb\.format"/"old.format"/; s/"ebb\.checksum"/"old.checksum"/' -e "$1" class.safetensors; }

begin "eval: the parts of the file that the model was trained on"
code 0 train --data class.csv --model 16tanh --epochs 30 --lr 0.01 --quiet --log class.log --out class.safetensors
code 0 eval class.safetensors --data class.csv --quiet
silent err
cp out both.txt
head -1 both.txt | grep -q '^loss [0-9.e-]*  accuracy [0-9.]* %  samples 40$' || flunk "first line: $(head -1 both.txt)"
out '^  *validation  *training \*$'
out '^\* the model was trained on these rows'
code 0 eval class.safetensors --data class.csv --part valid --quiet
[ "$(head -1 out)" = "$(head -1 both.txt)" ] || flunk "the validation part: $(head -1 out), first of both: $(head -1 both.txt)"
grep -q 'training' out && flunk "the validation part alone names another"
for figure in accuracy 'balanced accuracy' 'log loss' 'ROC AUC' 'average precision' 'Brier score' 'expected calibration error'; do
  out "^$figure  *[0-9.]*\( %\)\{0,1\}$"
done
out '^  of always guessing the commonest  *[0-9.]* %$'
out '^class  *precision  *recall  *F1  *support  *predicted$'
out '^same  *[01].[0-9]*  *[01].[0-9]*  *[01].[0-9]*  *[0-9]*  *[0-9]*$'
out '^mean by support '
cp out class.txt
code 0 eval class.safetensors --data class.csv --part train --quiet
out 'samples 160$'
out 'training \*$'
code 0 eval class.safetensors --data class.csv --part all --quiet
out 'samples 200$'
out '^  *all \*$'
code 0 eval class.safetensors --data class.csv --json --quiet
silent err
json out
if command -v jq >/dev/null; then
  jq -e '.part == "valid" and .trained_on == false and .samples == 40 and .loss < 1 and .accuracy > 0.5
    and (.other_parts | length == 1) and .other_parts[0].part == "train" and .other_parts[0].trained_on
    and .other_parts[0].samples == 160 and (.classes | map(.name) == ["same", "un,like"])
    and (.confusion_matrix | flatten | add == 40) and (.classes | map(.support) | add == 40)
    and .warnings == [] and .roc_auc <= 1 and .baseline_accuracy >= 0.5 and (.top5_accuracy | not)' out >/dev/null ||
    flunk "JSON: $(cat out)"
fi

begin "eval: the test part"
# the split in the model file's header, replaced by text of equal length
unsealed 's/0.20000000000000001/0.2,\\"test\\":0.1000/' >test.safetensors
code 0 eval test.safetensors --data class.csv --quiet
out '^  *validation  *test  *training \*$'
head -1 out | grep -q 'samples 40$' || flunk "first line: $(head -1 out)"
code 0 eval test.safetensors --data class.csv --part test --quiet
out 'samples 20$'
complains 2 '--part: class.safetensors was trained without such a part: 0.2 .*, 0 for the test' \
  eval class.safetensors --data class.csv --part test --quiet

begin "eval: another file"
rows 60 class >sixty.csv
code 0 eval class.safetensors --data sixty.csv --quiet
out 'samples 60$'
grep -q 'training\|validation' out && flunk "parts of a file that the model was not trained on"
code 0 eval class.safetensors --data sixty.csv --json --quiet
json out
[ "$(field part out)" = all ] || flunk "part: $(field part out)"
[ "$(field trained_on out)" = false ] || flunk "trained_on: $(field trained_on out)"
for part in train valid test; do
  complains 2 '--part: sixty.csv is not the file that class.safetensors was trained on' \
    eval class.safetensors --data sixty.csv --part $part --quiet
done
cp class.csv other_name.csv
code 0 eval class.safetensors --data other_name.csv --quiet
same out both.txt
gzip -c class.csv >class.csv.gz
code 0 eval class.safetensors --data class.csv.gz --quiet
same out both.txt

begin "eval: a model that does not tell its file"
unsealed 's/"ebb\.data"/"old.data"/' >old.safetensors
code 0 eval old.safetensors --data class.csv
err 'old.safetensors does not say which file it was trained on; .*--part valid'
out 'samples 200$'
code 0 eval old.safetensors --data class.csv --part valid --quiet
same out class.txt
code 0 eval old.safetensors --data sixty.csv --part valid --quiet
out 'samples 12$'

begin "eval: all rows were trained on"
code 0 train --data class.csv --model 4tanh --epochs 1 --valid 0 --quiet --out whole.safetensors
code 0 eval whole.safetensors --data class.csv --quiet
out 'samples 200$'
out '^  *all \*$'
complains 2 'trained without a split of its rows' eval whole.safetensors --data class.csv --part train --quiet

begin "eval: a terminal gets the confusion matrix"
grep -q 'predicted$' both.txt && grep -q '^true' both.txt && flunk "a matrix in a file"
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then # if script and a terminal are available
  script -qec "'$ebb' eval class.safetensors --data class.csv --quiet" /dev/null </dev/null >typed
  tr -d '\r' <typed >out
  out '^true .* predicted  *same  *un,like$'
  out '^un,like  *[0-9]*  *[0-9]*$'
fi

begin "eval: values"
code 0 train --data value.csv --model 16tanh --epochs 60 --lr 0.02 --quiet --out value.safetensors
code 0 eval value.safetensors --data value.csv --quiet
silent err
head -1 out | grep -q '^mse [0-9.e-]*  r2 0.9[0-9]*  samples 30$' || flunk "first line: $(head -1 out)"
for figure in R2 'root mean square error' 'mean absolute error' 'median absolute error' 'mean square error' \
  '  of always guessing the mean' 'loss (as trained)'; do
  out "^$figure  *[0-9.e-]*  *[0-9.e-]*$"
done
code 0 eval value.safetensors --data value.csv --part valid --json --quiet
json out
near "$(field mse out)" "$(awk -v r="$(field rmse out)" 'BEGIN { print r * r }')" 1e-6
code 0 predict value.safetensors --data value.csv --quiet
sed 1d out >guess
awk -F, 'NR > 1 { print $3 }' value.csv | paste -d, - guess | awk -F, '{ d = $1 - $2; q += d * d; a += d < 0 ? -d : d
  s += $1; ss += $1 * $1; n++ } END { print q / n, a / n, 1 - q / (ss - s * s / n) }' >sums
code 0 eval value.safetensors --data value.csv --part all --json --quiet
near "$(field mse out)" "$(cut -d' ' -f1 sums)" 1e-4
near "$(field mae out)" "$(cut -d' ' -f2 sums)" 1e-4
near "$(field r2 out)" "$(cut -d' ' -f3 sums)" 1e-4

begin "eval: several targets"
# npy COLUMNS FORMULA: 60 rows of bytes; FORMULA in awk gives them by row i and column j.
npy() {
  printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (60, $1), }"
  # escape sequences
  printf "$(awk -v cols="$1" 'BEGIN { for (i = 0; i < 60; i++) for (j = 0; j < cols; j++) printf "\\%03o", 1 + ('"$2"') % 200 }')"
}
npy 3 'i * 37 + j * 61 + i * i * j * 5' >x.npy
npy 2 'i * 37 * (j + 1) + 50 * j' >y.npy
code 0 train --data x.npy --labels y.npy --task regression --model 16relu --epochs 20 --lr 0.01 --quiet --out two.safetensors
code 0 eval two.safetensors --data x.npy --labels y.npy --quiet
out '^target  *R2  *RMSE  *of the mean  *MAE  *median AE$'
[ "$(sed -n '/^target/,$p' out | wc -l)" -eq 4 ] || flunk "not two targets and their mean: $(cat out)"
sed -n '/^target/,$p' out | awk '{ r2[NR] = $2 } END { d = (r2[2] + r2[3]) / 2 - r2[4]; exit !(d * d < 1e-6) }' ||
  flunk "the mean is not the mean: $(cat out)"

begin "eval: warnings"
# noise; nine of ten rows have the same class
awk 'BEGIN { seed = 5; print "x,y,kind"
  for (i = 0; i < 500; i++) { seed = (seed * 16807) % 2147483647; print seed % 1000 / 500 "," seed % 77 / 30 "," (i % 10 ? "usual" : "rare") } }' >rare.csv
code 0 train --data rare.csv --model 4tanh --epochs 30 --lr 0.01 --quiet --out rare.safetensors
code 0 eval rare.safetensors --data rare.csv
err '^warning  never predicted, though 10 rows of 100 are of this class: "rare"$'
err '^warning  the model does not beat always guessing the commonest class, "usual": .* 90.00 %.* 90.00 %$'
code 0 eval rare.safetensors --data rare.csv --json --quiet # a useless model is reported even with --quiet
[ "$(grep -c '^warning ' err)" -eq "$(wc -l <err)" ] || flunk "more than warnings: $(cat err)"
out '"a class is never predicted"'
out '"the model does not beat the baseline"'
awk 'BEGIN { seed = 5; print "x,y"; for (i = 0; i < 100; i++) { seed = (seed * 16807) % 2147483647; print seed % 1000 / 500 "," i % 7 + 0.5 + i % 2 / 3 } }' >noise.csv
code 0 train --data noise.csv --model 4tanh --task regression --epochs 1 --lr 1e-9 --quiet --out noise.safetensors
code 0 eval noise.safetensors --data noise.csv
err '^warning  the model does not beat always guessing the mean of target "y": .* error is [0-9.]*, the error of that guess [0-9.]*$'

sed -n '1p; /usual/p' rare.csv >usual.csv
code 0 eval rare.safetensors --data usual.csv --quiet
err '^warning  all [0-9]* rows are of one class, "usual", of 2: '

begin "eval: many classes, and names that do not fit"
awk 'BEGIN { print "x,kind"; for (i = 0; i < 250; i++) print i % 25 + i / 1000 ",k" i % 25 }' >many.csv
code 0 train --data many.csv --model 8tanh --epochs 1 --quiet --out many.safetensors
code 0 eval many.safetensors --data many.csv --part valid --quiet
out '^top-5 accuracy '
out '^mean by support '
grep -q '^k24 ' out && flunk "a table of 25 classes: $(cat out)"
code 0 eval many.safetensors --data many.csv --part valid --json --quiet
[ "$(grep -c '"name": "k' out)" -eq 25 ] || flunk "$(grep -c '"name"' out) classes in JSON"
printf 'x,kind\n' >names.csv
for i in 1 2 3 4 5 6 7 8 9 10; do
  printf '%s,a class of a very long name indeed\n-%s,\303\244\303\266\303\274\303\237\303\244\303\266\303\274\303\237\033[1m\n' $i $i >>names.csv
done
code 0 train --data names.csv --model 4tanh --epochs 1 --quiet --out names.safetensors
code 0 eval names.safetensors --data names.csv --part valid --quiet
out '^a class of a ver\.\. '
grep -q "$(printf '\033')" out && flunk "an escape sequence comes through"
[ "$(sed -n '/^class/,$p' out | iconv -f UTF-8 -t UTF-32LE | wc -c)" -gt 0 ] || flunk "a character is cut in two"

begin "eval: weights of rows and of classes"
awk -F, -v OFS=, 'NR == 1 { print "w", $0 } NR > 1 { print NR % 4 / 2, $0 }' class.csv >weights.csv
code 0 data weights.csv --weight-column w --quiet
out '^w  *number  *weight  *0  *4  0 to 1.5  *--weight-column$'
code 0 train --data weights.csv --weight-column w --class-weights 'same=1,un,like=3' --model 16tanh --epochs 30 --lr 0.01 --out weights.safetensors
err '^data .*, with weights, target'
err '^weights  of classes: same 1, un,like 3$'
code 0 info weights.safetensors
out '^weights      column w$'
code 0 eval weights.safetensors --data weights.csv --part valid
err '^note .*column "w": --weight-column$'
cp out plain.txt
code 0 eval weights.safetensors --data weights.csv --part valid --weight-column w --class-weights balanced
[ "$(head -1 out)" != "$(head -1 plain.txt)" ] || flunk "the weights change no figure: $(head -1 out)"
code 0 predict weights.safetensors --data class.csv --quiet
for bad in 'un,lke=1:did you mean "un,like"?; the classes are "same", "un,like"' 'same=x:"x" of class "same" is not a finite' \
  'equal:neither balanced nor a list'; do
  code 6 train --data weights.csv --class-weights "${bad%%:*}" --quiet
  err "${bad#*:}"
done
code 6 train --data weights.csv --weight-column kind --target u --quiet
err 'weights.csv:2: column "kind": the weight ".*" is not a number (--weight-column)$'
code 6 train --data weights.csv --weight-column u --quiet
err 'column "u": the weight is -.*; weights are finite and at least 0'
code 2 train --data value.csv --class-weights balanced --quiet
err 'a regression, which has no classes; --weight-column weighs rows$'
