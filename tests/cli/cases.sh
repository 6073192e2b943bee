# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Small tables from practice, skipped if the folder beside the checkout is missing: the expected result of
# each. `trains` and `learns` use the default options unless a case gives others; `reads` asks
# `ebb data` what a training would read.

cases=$tests/../../shared/cases
if [ ! -d "$cases" ]; then
  echo "# skipped, there is no $cases"
  exit 0
fi

# case_folder NUMBER: changes to a folder of cases.
case_folder() { here=$(echo "$cases/$1"-*); }

# trains FILE OPTION...: a training on the file succeeds.
trains() {
  table=$1
  shift
  code 0 train --data "$here/$table" --out m.safetensors --json "$@"
}

# learns KEY MINIMUM FILE OPTION...: the training's result reaches a minimum.
learns() {
  key=$1 minimum=$2
  shift 2
  trains "$@"
  at_least "$(field "$key" out)" "$minimum"
}

# reads FILE OPTION...: writes the description by `ebb data` to out.
reads() {
  table=$1
  shift
  code 0 data "$here/$table" --quiet "$@"
}

# column NAME TYPE USE: checks a line of the description.
column() { out "^$1  *$2  *$3 "; }

# inputs COUNT: checks the inputs of the last trained network.
inputs() {
  code 0 info m.safetensors --json
  grep -q "^  \"inputs\": $1," out || flunk "not $1 inputs: $(grep '"inputs"' out | head -1)"
}

begin "case 01: targets of any magnitude"
case_folder 01
for file in prices prices_tiny masses; do
  learns valid_r2 "$([ $file = prices ] && echo 0.95 || echo 0.9)" $file.csv
  err '^epoch .*, valid rmse [0-9.e+-]* (scaled loss [0-9.e-]*), r2 0.9'
  grep -q -i '\bnan\b' out err && flunk "$file: NaN: $(cat out err)"
done

begin "case 03: numbers and texts in a column are categories"
case_folder 03
trains car_shuffled.data
err '^note .*5more.*--'
reads car_shuffled.data
column 1 category input
column 2 category input

begin "case 04: trailing commas"
case_folder 04
for file in every_row header_only target_then_comma; do
  trains $file.csv --target diagnosis
  err '200 rows below a header'
  err '^note .*without name and values left out'
  inputs 3
done

begin "case 05: European tables"
case_folder 05
for european in comma.csv air.csv; do
  trains $european --target RH --decimal ,
  reads $european --target RH --decimal ,
  grep -q ' category ' out && flunk "$european: numbers are texts: $(cat out)"
  out '^target   RH: regression$'
  complains 6 '--decimal ,' train --quiet --data "$here/$european" --target RH
done
for file in sep point_emptyrows point_trailing; do
  trains $file.csv --target RH
  err '400 rows below a header'
  reads $file.csv --target RH
  grep -q ' category ' out && flunk "$file: numbers are texts: $(cat out)"
done

begin "case 06: headers that hold numbers"
case_folder 06
for file in noindex wavelengths index; do
  trains $file.csv
  err '150 rows below a header.*: 3 classes'
  [ $file = index ] && err '^note .*left out.*--keep'
  inputs 3
done
for file in years blank_name; do
  learns valid_accuracy 0.8 $file.csv --target income
  err 'below a header'
done
trains spectra.csv --target classification
err 'below a header'

begin "case 07: row numbers tell nothing"
case_folder 07
trains pandas_index.csv
err '^note .*left out.*--keep'
with_index=$(field valid_accuracy out)
trains without.csv
[ "$(field valid_accuracy out)" = "$with_index" ] || flunk "the index changes the result: $with_index"

begin "case 08: runs of blanks"
case_folder 08
trains auto-mpg.data --target 0
err '^note .*left out.*--keep'
inputs 5
out '"task": "regression"'
reads auto-mpg.data --target 0
column 6 category 'left out'
trains housing.data
inputs 3
reads housing.data
[ "$(grep -c ' number ' out)" -eq 4 ] || flunk "not 4 columns of numbers: $(cat out)"

begin "case 09: arrays of every kind"
case_folder 09
for form in x_c x_fortran x_big; do
  trains $form.npy --labels "$here/y_i64.npy"
  cp m.safetensors $form.safetensors
done
same x_c.safetensors x_fortran.safetensors
same x_c.safetensors x_big.safetensors
for form in x_f16 x_i8; do # the same values, rounded
  reads $form.npy --labels "$here/y_i64.npy"
  [ "$(grep -c ' number  *input ' out)" -eq 3 ] || flunk "$form: not 3 inputs: $(cat out)"
done
trains data.npz
# has_classes NAME...: checks the classes in the description, in this order.
has_classes() {
  found=$(sed -n '/^target   .*: classification$/,/^$/s/^  \(.*[^ ]\)  *[0-9]* rows, .*/\1/p' out | sed 's/ *$//' | tr '\n' ' ')
  [ "$found" = "$* " ] || flunk "$labels: classes \"$found\", not \"$*\""
}
for labels in y_bool y_f32 y_from1 y_pm1 y_onehot y_str; do
  reads x_c.npy --labels "$here/$labels.npy"
  case $labels in
  y_bool | y_f32 | y_onehot) has_classes 0 1 ;;
  y_pm1) has_classes -1 1 ;;
  y_from1) has_classes 1 2 ;;
  y_str) has_classes no yes ;;
  esac
  case $labels in y_onehot | y_str) trains x_c.npy --labels "$here/$labels.npy" ;; esac
done
trains x_c.npy --labels "$here/y_counts.npy"
err ': regression'
of_array=$(field valid_r2 out)
code 0 data "$here/x_c.npy" --labels "$here/y_counts.npy" --to counts.csv --quiet
code 0 train --data counts.csv --out m.safetensors --json
err ': regression'
near "$(field valid_r2 out)" "$of_array" 1e-6

begin "case 10: arrays are scaled as CSV is"
case_folder 10
learns valid_accuracy 0.95 x.npy --labels "$here/y.npy"
of_array=$(field valid_accuracy out)
learns valid_accuracy 0.95 x.csv
near "$(field valid_accuracy out)" "$of_array" 0.02

begin "case 11: files that PyTorch wrote"
case_folder 11
code 0 predict "$here/regress1.safetensors" --model 3-1 --data "$here/unlabelled.npy"
sed 1d out | awk '{ printf "%s%.0f", (NR > 1 ? "," : ""), $1 }' >rounded
[ "$(cat rounded)" = 150,50,60 ] || flunk "predictions $(cat rounded)"
[ "$(head -1 out)" = prediction ] || flunk "header $(head -1 out)"
code 0 predict "$here/argmax3.safetensors" --model 3-3 --data "$here/classes_1_2.csv"
[ "$(head -1 out)" = prediction,p_0,p_1,p_2 ] || flunk "header $(head -1 out)"
[ "$(sed 1d out | cut -d, -f1 | tr '\n' ' ')" = '1 1 2 2 0 ' ] || flunk "classes $(cut -d, -f1 out | tr '\n' ' ')"
code 0 predict "$here/argmax3.safetensors" --model 3-3 --data "$here/unlabelled.csv"
lines 4 out
[ "$(head -1 out)" = prediction_0,prediction_1,prediction_2 ] || flunk "header $(head -1 out)"
for file in quickstart dataparallel fc nobias extra; do
  code 0 predict "$here/$file.safetensors" --model 3-8relu-2 --data "$here/rows.csv"
  lines "$(($(grep -c . "$here/rows.csv") + 1))" out
  case $file in # the same weights under other names
  quickstart) cp out quickstart.csv ;;
  nobias) err '^weights .*no bias in the file' ;;
  *) same quickstart.csv out ;;
  esac
  code 0 info "$here/$file.safetensors"
  [ "$(grep -c '^tensor .*weight  F32 ' out)" -eq 2 ] || flunk "$file: not two weights: $(cat out)"
done

begin "case 12: unknown categories and further columns"
case_folder 12
trains train.csv
code 0 predict m.safetensors --data "$here/new.csv"
lines $(($(grep -c . "$here/new.csv"))) out
err '^note .*unknown.*--unknown'
complains 6 '--unknown' predict m.safetensors --data "$here/new.csv" --unknown refuse --quiet
code 0 predict m.safetensors --data "$here/with_id.csv"
err '^note .*"id"'
code 0 predict m.safetensors --data "$here/with_id.csv" --id id
[ "$(cut -d, -f1 out | tr '\n' ' ')" = 'id 1001 1002 ' ] || flunk "ids $(cut -d, -f1 out | tr '\n' ' ')"

begin "case 13: what is missing and what is not"
case_folder 13
learns valid_accuracy 0.95 countries.csv --na ''
reads countries.csv --na ''
out '^country  *category  *input  *0 '
for file in excel_na none_first; do
  trains $file.csv --missing mean
  reads $file.csv
  grep -q ' category  *input' out && flunk "$file: what is missing is a text: $(cat out)"
  sed -n 's/^[ab]  *number  *input  *\([0-9]*\) .*/\1/p' out | grep -q '[1-9]' || flunk "$file: nothing is missing: $(cat out)"
done

begin "case 15: two targets"
case_folder 15
learns valid_r2 0.9 energy.csv --target Y1,Y2
for target in Y1 Y2 mean; do at_least "$(sed -n "s/^$target  *\([0-9.]*\) .*/\1/p" err)" 0.85; done
inputs 3
out '"outputs": 2'

begin "case 16: formats and encodings"
case_folder 16
for file in heart.libsvm utf16.txt; do trains $file; done
reads savetxt.csv
column a number input
column y category target
reads iris-like.arff
out ': classification$'
reads utf16.txt
grep -q '?' out && flunk "not all characters are known: $(cat out)"
trains latin1.csv --encoding latin1
complains 6 '--encoding' train --quiet --data "$here/latin1.csv"

begin "case 20: numbers and dates in disguise"
case_folder 20
trains currency.csv
inputs 3
code 0 predict m.safetensors --data "$here/currency_new.csv"
lines 2 out
trains dates.csv
err '^note .*date'
code 0 info m.safetensors --json
[ "$(sed -n 's/^  "inputs": \([0-9]*\).*/\1/p' out)" -lt 10 ] || flunk "the dates are one-hot"
reads dates.csv
out ' date  *input '
reads currency.csv
grep -q ' category  *input' out && flunk "amounts are texts: $(cat out)"

begin "case 22: row names"
case_folder 22
trains all.tsv
err '^note .*left out.*"name".*--keep'
inputs 3
code 0 predict m.safetensors --data "$here/new.tsv"
lines 21 out
