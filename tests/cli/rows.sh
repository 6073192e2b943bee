# shellcheck shell=sh disable=SC2154,SC2034,SC2086 # sourced by ../cli.sh
# Which rows and columns are used for training, scores and predictions, and which are passed through.

# figures MODEL FILE PART: writes the model's figures on a part of a file to out, as JSON.
figures() { code 0 eval "$1" --data "$2" --part "$3" --json --quiet; }

# The sum of squares of the targets around their mean, within float32's accuracy: it identifies a set of
# rows.
spread() { awk -v mse="$(field mse out)" -v r2="$(sed -n 's/^  "r2": \([^,]*\),*/\1/p' out)" -v n="$(field samples out)" 'BEGIN { printf "%.2f", n * mse / (1 - r2) }'; }

begin "--test takes part in nothing but the last figures"
(head -1 class.csv && tail -40 class.csv) >tail.csv
head -161 class.csv >head.csv
learn="--split last --model 8tanh --lr 0.02 --epochs 30"
code 0 train --data class.csv $learn --valid 0.2 --test 0.2 --log l --out tested.safetensors
err '^  *validation  *test$'
err '^result   [0-9.]* % of 40 test rows right; '
head -1 l | grep -q '"train_rows":120,"valid_rows":40,"test_rows":40' || flunk "start line: $(head -1 l)"
code 0 train --data head.csv $learn --valid 0.25 --quiet --out untested.safetensors
for model in tested untested; do
  code 0 predict $model.safetensors --data class.csv --quiet
  cp out $model.csv
done
same tested.csv untested.csv # including the choice of the best weights
figures tested.safetensors class.csv test
cp out part.json
[ "$(field samples out)" = 40 ] || flunk "samples: $(field samples out)"
code 0 eval tested.safetensors --data tail.csv --json --quiet
near "$(field loss part.json)" "$(field loss out)" 1e-6
code 0 eval tested.safetensors --data class.csv --quiet
out '^  *validation  *test  *training \*$'
code 0 info tested.safetensors
out '^split  *of the rows 0.2 for validation, 0.2 for test: the last ones$'

begin "--test FILE"
code 0 train --data head.csv $learn --valid 0.25 --test tail.csv --json --quiet --out filed.safetensors
same filed.safetensors untested.safetensors
if command -v jq >/dev/null; then
  near "$(jq .test.loss out)" "$(field loss part.json)" 1e-6
  [ "$(jq .test.samples out)" = 40 ] || flunk "test rows: $(jq .test.samples out)"
fi
complains 6 '^ebb: --test: "none.csv" is no fraction' train --data head.csv --test none.csv --quiet
complains 2 '^ebb: --valid and --test: 0.6 and 0.5 of the rows leave none' train --data class.csv --valid 0.6 --test 0.5 --quiet
complains 2 '^ebb: --test-labels: belongs to a file given by --test' train --data class.csv --test-labels tail.csv --quiet
cp tail.csv copy.csv
complains 2 'is also read from' train --data head.csv --test copy.csv --out copy.csv --quiet
same tail.csv copy.csv

begin "--refit leaves the test rows out"
code 0 train --data value.csv --test 0.2 --model 4tanh --epochs 5 --quiet --out searched.safetensors
code 0 train --data value.csv --test 0.2 --model 4tanh --epochs 5 --refit --out refitted.safetensors
err '^refit    a new network on all 120 training and validation rows, '
out '; refit on all 120 training and validation rows$'
for model in searched refitted; do
  figures $model.safetensors value.csv test
  spread >spread.$model
done
same spread.searched spread.refitted
code 0 eval refitted.safetensors --data value.csv --quiet
out '^  *test  *training \*$'

begin "--seed-split is apart from --seed"
for run in '1 --seed 1 --seed-split 5' '2 --seed 2 --seed-split 5' '3 --seed 5' '4 --seed 6'; do
  code 0 train --data value.csv --model 4tanh --epochs 2 ${run#* } --quiet --out seed.safetensors
  figures seed.safetensors value.csv valid
  [ "$(field samples out)" = 30 ] || flunk "samples: $(field samples out)"
  spread >spread${run%% *}
  field rmse out >rmse${run%% *}
done
same spread1 spread2
same spread1 spread3
differ spread1 spread4
differ rmse1 rmse2
code 0 info seed.safetensors
out '^split  *of the rows 0.2 for validation: random by seed 6$'

begin "--missing drop, in eval too"
awk -F, 'NR == 1 || NR % 10 != 3' OFS=, class.csv >whole.csv
awk -F, 'NR > 1 && NR % 10 == 3 { $2 = "" } { print }' OFS=, class.csv >gaps.csv
code 0 train --data gaps.csv --missing drop --model 8tanh --epochs 20 --out dropped.safetensors
err '^note     20 of 200 rows lack an input and are left out (--missing drop)$'
code 0 predict dropped.safetensors --data whole.csv --quiet
cp out dropped.csv
code 0 train --data whole.csv --model 8tanh --epochs 20 --quiet --out plain.safetensors
code 0 predict plain.safetensors --data whole.csv --quiet
same out dropped.csv
for file in gaps whole; do
  code 0 eval dropped.safetensors --data $file.csv
  cp out $file.txt
done
same gaps.txt whole.txt
out '^  *validation  *training \*$'
code 0 eval dropped.safetensors --data gaps.csv
err '^note     20 of 200 rows lack an input and are left out (as in training, --missing drop)$'
code 0 train --data whole.csv --valid gaps.csv --missing drop --epochs 1 --out v.safetensors
err '^note     20 of 200 rows lack an input'
complains 6 'gaps.csv:3: column "v": a value is missing .*20 of 200' predict dropped.safetensors --data gaps.csv --quiet
with EBB_MISSING=drop code 0 train --data gaps.csv --epochs 1 --out v.safetensors
err '(EBB_MISSING drop)$'

begin "predict --json"
code 0 predict untested.safetensors --data tail.csv --quiet
sed 1d out >as.csv
code 0 predict untested.safetensors --data tail.csv --json --quiet
silent err
json out
if command -v jq >/dev/null; then
  jq -e '.model == "untested.safetensors" and (.predictions | length == 40)
    and all(.predictions[]; .prediction as $p | .probabilities[$p] >= 0.5 and (.probabilities | keys == ["same", "un,like"]))' out >/dev/null ||
    flunk "JSON: $(head -c 600 out)"
  jq -r '.predictions[] | .probabilities.same' out >as.json
  sed 's/"un,like"/unlike/' as.csv | cut -d, -f2 | paste -d, as.json - | awk -F, '{ d = $1 - $2; if (d * d > 1e-12) exit 1 }' ||
    flunk "CSV and JSON differ"
fi
code 0 predict untested.safetensors --data tail.csv --json --out file.json
silent out
json file.json
code 0 predict seed.safetensors --data value.csv --json --quiet
json out
[ "$(grep -c '{"prediction":-\{0,1\}[0-9.e-]*}' out)" -eq 150 ] || flunk "not 150 values: $(head -c 300 out)"

begin "--id of several columns is carried along"
awk -F, 'NR == 1 { print "no,name," $0; next } { printf "%d,\"the \"\"%d\"\", first\",%s\n", 7 * NR, NR, $0 }' tail.csv >ids.csv
code 0 predict untested.safetensors --data ids.csv --id no,name --quiet
[ "$(head -1 out)" = 'no,name,prediction,p_same,"p_un,like"' ] || flunk "header: $(head -1 out)"
sed -n 2p out | grep -q '^14,"the ""2"", first",' || flunk "first row: $(sed -n 2p out)"
sed '1d; s/^[0-9]*,"the ""[0-9]*"", first",//' out >without
same without as.csv
code 0 predict untested.safetensors --data ids.csv --id name --id no --json --quiet
json out
grep -q '^{"name":"the \\"2\\", first","no":"14",' out || flunk "JSON: $(head -c 200 out)"
code 0 predict untested.safetensors --data ids.csv
err '^note .*"no".*"name"'
complains 6 'nosuch' predict untested.safetensors --data ids.csv --id nosuch --quiet

begin "--unknown"
awk 'BEGIN { print "town,u,kind"; for (i = 0; i < 60; i++) print (i % 3 ? "bonn" : "ulm") "," i % 7 "," (i % 2 ? "a" : "b") }' >towns.csv
sed '4s/^[a-z]*/oslo/; 5s/^[a-z]*/rome/' towns.csv >other.csv
code 0 train --data towns.csv --model 4tanh --epochs 1 --quiet --out towns.safetensors
for command in predict eval; do
  code 0 $command towns.safetensors --data other.csv
  err '^note .*"town": 2 of 60 values unknown.*--unknown refuse'
  complains 6 'other.csv:4: .*"oslo".*--unknown' $command towns.safetensors --data other.csv --unknown refuse --quiet
  code 0 $command towns.safetensors --data towns.csv --unknown refuse
  grep -q unknown err && flunk "known categories are told: $(cat err)"
done
complains 6 'other.csv:4: .*"oslo".*--unknown' train --data towns.csv --valid other.csv --unknown refuse --quiet

begin "predict does not look at the target"
sed 's/,[^,]*$/,/' towns.csv | sed '1s/,$/,kind/; 9s/$/never heard of/' >blank.csv
code 0 predict towns.safetensors --data towns.csv --quiet
cp out towns.txt
code 0 predict towns.safetensors --data blank.csv --quiet
same out towns.txt

begin "the target is carried along by --id"
sed 1d class.csv >truth.csv
code 0 predict untested.safetensors --data class.csv --id kind --quiet
head -1 out | grep -q '^kind,prediction,' || flunk "$(head -1 out)"
cut -d, -f1 out | sed 1d >carried
cut -d, -f3 truth.csv | diff - carried >/dev/null || flunk "by name: $(head -3 carried)"
code 0 train --data truth.csv --no-header --epochs 1 --quiet --out place.safetensors
code 0 predict place.safetensors --data truth.csv --id 2 --quiet
cut -d, -f1 out | sed 1d >carried
cut -d, -f3 truth.csv | diff - carried >/dev/null || flunk "by place: $(head -3 carried)"

(echo prediction,b,kind && cat truth.csv) >clash.csv
code 0 train --data clash.csv --id prediction --epochs 1 --quiet --out clash.safetensors
complains 2 '^ebb: --id: a column of the predictions is called "prediction", too' predict clash.safetensors --data clash.csv --id prediction --quiet
code 0 predict clash.safetensors --data clash.csv --quiet

begin "--header and --no-header"
complains 2 '^ebb: --header and --no-header exclude each other' train --data class.csv --header --no-header --quiet
with EBB_HEADER=1 complains 2 '^ebb: EBB_HEADER and --no-header exclude' data class.csv --no-header --quiet
sed '1s/.*/1,2,3/' class.csv >numbers.csv
code 0 data numbers.csv --json
out '"rows": 200'
err '^note     line 1 is taken for the header; if it is data: --no-header$'
code 0 data numbers.csv --no-header --json --quiet
out '"rows": 201'
complains 6 'class.csv:1: column "0": "u" is not a number' data class.csv --no-header --quiet
sed 1d value.csv >headless.csv
code 0 data headless.csv --json --quiet
out '"rows": 150'
code 0 data headless.csv --header --json --quiet
out '"rows": 149'

begin "a model that does not tell its task"
cut -d, -f1,2 class.csv >inputs.csv
tensors '{"weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}' 16 >raw.safetensors
sed 's/same/0/; s/"un,like"/1/' class.csv >codes.csv
code 0 predict raw.safetensors --data codes.csv
err 'does not tell what its inputs are: column i is input i'
err 'its task is taken to be classification, after the target "kind": class i is output i; --task'
[ "$(head -1 out)" = prediction,p_0,p_1 ] || flunk "header: $(head -1 out)"
cp out classes.csv
code 0 predict raw.safetensors --data inputs.csv
err 'nor what its outputs are: they are shown as they come; --task'
[ "$(head -1 out)" = prediction_0,prediction_1 ] || flunk "header: $(head -1 out)"
cp out outputs.csv
code 0 predict raw.safetensors --data class.csv --quiet # texts are not class numbers
same out outputs.csv
for option in '--task regression' '--loss mse'; do
  code 0 predict raw.safetensors --data codes.csv $option --quiet
  same out outputs.csv
done
for option in '--task classification' '--loss cross_entropy'; do
  code 0 predict raw.safetensors --data inputs.csv $option --quiet
  same out classes.csv
done
sed 's/,[01]$/,/' codes.csv >nothing.csv
code 0 predict raw.safetensors --data nothing.csv --quiet
lines 201 out
complains 6 'codes.csv: 3 columns, but the model takes 2' predict raw.safetensors --data codes.csv --no-target --quiet
code 0 eval raw.safetensors --data codes.csv --json --quiet
[ "$(field loss out | cut -c1-6)" = 0.6931 ] || flunk "the loss of no preference is $(field loss out)"
complains 6 'has no targets to compare with' eval raw.safetensors --data inputs.csv --no-target --quiet
complains 2 '^ebb: --part: raw.safetensors does not say which rows it was trained on' eval raw.safetensors --data codes.csv --part valid --quiet
tensors '{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}' 8 >one.safetensors
code 0 predict one.safetensors --data inputs.csv
err 'nor what its output is: it is shown as it comes'
grep -q null err && flunk "a name that is none: $(cat err)"
code 0 eval one.safetensors --data value.csv --loss mse --quiet
out '^mse '

for option in '--task classification' '--loss cross_entropy'; do # the softmax of one output is always 1
  complains 2 "^ebb: ${option%% *}: the one output of one.safetensors is no choice" predict one.safetensors --data inputs.csv $option --quiet
  complains 2 'is no choice' eval one.safetensors --data value.csv $option --quiet
done
complains 2 '^ebb: --loss: cross_entropy does not go with regression' predict raw.safetensors --data inputs.csv --task regression --loss cross_entropy --quiet

begin "a model's own task is not to be changed"
for command in predict eval; do
  complains 2 '^ebb: --task: untested.safetensors was trained for classification' $command untested.safetensors --data class.csv --task regression --quiet
  complains 2 '^ebb: --loss: untested.safetensors was trained for classification, by cross_entropy' $command untested.safetensors --data class.csv --loss mse --quiet
  code 0 $command untested.safetensors --data class.csv --task classification --loss cross_entropy --quiet
done

begin "notes, and those that weigh much"
sed '1s/.*/x,y,kind/' class.csv >named.csv
code 0 train --data named.csv --epochs 1 --out v.safetensors
err '^note     target "kind", the last column; a column is named "y": --target y$'
code 0 train --data named.csv --epochs 1 --quiet --out v.safetensors
one_line
err '^note     target "kind", the last column; a column is named "y": --target y$'
code 0 train --data named.csv --target kind --epochs 1 --quiet --out v.safetensors
silent err

begin "--decimal , in predict"
tr '.,' ',;' <value.csv >comma.csv
code 0 train --data comma.csv --decimal , --model 4tanh --epochs 3 --quiet --out comma.safetensors
code 0 train --data value.csv --model 4tanh --epochs 3 --quiet --out point.safetensors
same comma.safetensors point.safetensors
code 0 predict point.safetensors --data value.csv --quiet
cp out point.csv
code 0 predict comma.safetensors --data comma.csv --decimal , --quiet
same out point.csv
complains 6 '--decimal ,' predict comma.safetensors --data comma.csv --quiet

begin "several targets"
awk -F, 'NR == 1 { print $0 ",second"; next } { print $0 "," 1000 * $1 * $2 }' value.csv >two.csv
code 0 train --data two.csv --target target,second --model 8tanh --epochs 5 --out two.safetensors
err '^epoch    5/5, train loss [0-9.e-]*, valid loss [0-9.e-]*, [0-9]* samples/s$'
err '^target  *R2  *RMSE '
err '^result   r2 -\{0,1\}[0-9.]* over 30 held-out rows, the mean of 2 targets; 1 is perfect, 0 no better than always guessing the mean$'
grep -qi nan err && flunk "a figure that is none: $(cat err)"
code 0 info two.safetensors
out '^target 0  *target: a number, mean [0-9.e-]*, deviation [0-9.e-]*$'
out '^target 1  *second: a number, mean [0-9.e-]*, deviation [0-9.]*$'
code 0 predict two.safetensors --data two.csv --quiet
[ "$(head -1 out)" = prediction_target,prediction_second ] || flunk "header: $(head -1 out)"
cut -d, -f1-3 two.csv >three.csv
complains 6 'the model.s target "second" is missing' eval two.safetensors --data three.csv --quiet

begin "categories as learned numbers"
awk 'BEGIN { srand(3); print "city,kind,n,y"; for (i = 0; i < 600; i++) {
  c = i % 30; printf "c%02d,%s,%.3f,%s\n", c, substr("abc", i % 3 + 1, 1), rand(), c * 7 % 30 < 15 ? "low" : "high" } }' >cities.csv
learn="train --data cities.csv --model 8tanh --lr 0.02 --epochs 12 --valid 0.2"
code 0 $learn --out auto.safetensors
err '^note     column "city": 30 categories, each becomes 8 learned numbers instead of an input; --embed none gives'
code 0 info auto.safetensors
out '^spec         5-embed1x30x8-8tanh-2$'
out '^column 0     city: a category: 30 known, each 8 learned numbers$'
out '^tensor       0.weight  F32 .30, 8., 960 bytes$'
code 0 $learn --embed none --json --quiet --out none.safetensors
code 0 info none.safetensors
out '^spec         34-8tanh-2$'
code 0 $learn --embed city=3 --embed kind=3 --refit --quiet --out both.safetensors
code 0 info both.safetensors
out '^spec         3-embed2x33x3-8tanh-2$'
code 0 eval both.safetensors --data cities.csv --part all --json --quiet
awk -v accuracy="$(field accuracy out)" 'BEGIN { exit !(accuracy > 0.8) }' || flunk "accuracy: $(field accuracy out)"
printf 'city,kind,n\nc03,a,0.5\nnew,b,0.5\n' >newer.csv
code 0 predict both.safetensors --data newer.csv
err 'column "city": 1 of 2 values unknown ("new")'
complains 6 '^ebb: newer.csv:3: column "city": "new" is not one of the 30 categories' predict both.safetensors --data newer.csv --unknown refuse --quiet
code 0 $learn --model 3-embed2x33x3-8tanh-2 --embed all=3 --refit --quiet --out again.safetensors
same both.safetensors again.safetensors
complains 6 'column "n" is not one of categories; --categorical n' $learn --embed n=3 --quiet
complains 6 '"city" is not auto, none, all=N or COLUMN=N' $learn --embed city --quiet
code 0 $learn --epochs 6 --checkpoint run --quiet --out half.safetensors
code 0 train --resume run --epochs 12 --model 8tanh --quiet --out resumed.safetensors
same auto.safetensors resumed.safetensors

begin "numbers at several scales"
learn="train --data cities.csv --model 8tanh --embed none --embed-numbers periodic --epochs 4 --valid 0.2 --quiet"
code 0 $learn --out waves.safetensors
code 0 info waves.safetensors
out '^spec         34-periodic1x16x4-8tanh-2$'
out '^tensor       0.mix  F32 .3, 16., 192 bytes$'
code 0 predict waves.safetensors --data newer.csv --quiet
code 0 $learn --embed auto --epochs 2 --checkpoint waves --out half.safetensors
code 0 train --resume waves --epochs 4 --quiet --out resumed.safetensors
code 0 $learn --embed auto --out whole.safetensors
same whole.safetensors resumed.safetensors
code 0 info whole.safetensors
out '^spec         5-embed1x30x8-periodic1x16x4-8tanh-2$'
code 0 $learn --embed-numbers piecewise --out pieces.safetensors
code 0 info pieces.safetensors
out '^spec         49-8tanh-2$'
out '^column 2     n: a number in 16 pieces of its range, 16 inputs$'
code 0 predict pieces.safetensors --data newer.csv --quiet
