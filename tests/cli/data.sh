# shellcheck shell=sh disable=SC2154,SC2034,SC2086 # sourced by ../cli.sh
# data: its description of a table, the suggested command line, and tables in other formats.

# One column of each kind; the last row lacks the target.
{
  echo 'row,name,price,born,"size, cm",town,kind'
  awk 'BEGIN {
    seed = 3
    for (i = 1; i <= 90; i++) {
      seed = (seed * 16807) % 2147483647; size = seed % 900 / 10 + 100
      printf "%d,person %d,\"$1,%03d\",2021-%02d-%02d,%s,%s,%s\n", 1000 + i, i, seed % 1000, i % 12 + 1, i % 28 + 1,
        (i == 8 ? "" : size), (i % 3 ? "bonn" : "\"köln \"\"am\"\" rhein\""), (i == 90 ? "" : size > 145 ? "tall" : "not so tall")
    }
  }'
} >people.csv

begin "data: each column, the target, the command"
code 0 data people.csv --quiet
silent err
out '^column  *type  *use  *missing  *distinct  values  *why$'
out '^row  *number  *left out  *0  *90  1001 to 1090  *a different whole number in each row$'
out '^name  *category  *left out  *0  *90  person 1, person 2, person\.\. 90 different texts in 90 rows$'
out '^price  *amount  *input  *0  *[0-9]*  10[0-9]* to 1[0-9]*  *numbers in \$$'
out '^born  *date  *input  *0  *[0-9]*  2021-01-01 to 2021-12-28  *dates, y-m-d$'
out '^size, cm  *number  *input  *1  *[0-9]*  10[0-9.]* to 189.[0-9]*$'
out '^town  *category  *input  *0  *2  bonn, köln "am" rhein$'
out '^kind  *category  *target  *1  *2  .*  *the last column$'
out '^target   kind: classification$'
out '^  tall  *[0-9]* rows, [0-9.]* %$'
out "^command  $ebb train --data people.csv --target kind --missing mean$"
code 0 data people.csv
err '^note .*"row".*--keep'
err '^note .*"price" .*--categorical'
err '^note     1 row without a target left out (first: line 91)$'

begin "data: JSON"
code 0 data people.csv --json --quiet
json out
silent err
if command -v jq >/dev/null; then
  jq -e '.data == "people.csv" and .rows == 89 and (.columns | map(.name) == ["row", "name", "price", "born", "size, cm", "town", "kind"])
    and (.columns | map(.type) == ["number", "category", "amount", "date", "number", "category", "category"])
    and (.columns | map(.use) == ["left out", "left out", "input", "input", "input", "input", "target"])
    and (.columns | map(.missing) == [0, 0, 0, 0, 1, 0, 1]) and .columns[5].distinct == 2
    and .columns[0].min == 1001 and .columns[0].max == 1090 and .columns[3].min == "2021-01-01"
    and (.columns[5] | has("min") | not) and .columns[2].why == "numbers in $" and (.columns[5] | has("why") | not)
    and (.targets | length == 1) and .targets[0].name == "kind" and .targets[0].task == "classification"
    and (.targets[0].classes | map(.class) == ["not so tall", "tall"]) and (.targets[0].classes | map(.rows) | add == 89)
    and (.notes | length >= 3) and (.command | endswith(" train --data people.csv --target kind --missing mean"))' out >/dev/null ||
    flunk "JSON: $(cat out)"
fi
code 0 data people.csv --target 'size, cm' --json --quiet
out '"quartiles": \['

begin "data: nothing to learn"
code 0 data people.csv --no-target --quiet
out '^command  none: a training needs a target (--target, --labels)$'
grep -q '^target ' out && flunk "a target: $(grep '^target ' out)"
code 0 data people.csv --no-target --json --quiet
json out
out '"targets": \[\]'
grep -q '"command"' out && flunk "a command: $(grep '"command"' out)"

# pasted MORE ARGUMENT...: runs the command line that data prints for the arguments, followed by MORE.
pasted() {
  more=$1
  shift
  code 0 data "$@" --quiet
  sed -n 's/^command  //p' out >line
  sh -c "$(cat line) $more --quiet --out pasted.safetensors" >out 2>err </dev/null ||
    flunk "$(cat line) $more: exit code $?: $(head -c 300 err)"
}

begin "data: the command line works where it is pasted"
pasted '--epochs 1' people.csv
out '^pasted.safetensors: finished'
for target in "it's \"\`id\`\"" '-x' '$HOME *;#!' 'a,b' '7'; do
  odd="$target.csv"
  {
    printf 'u,v,"%s"\n' "$(printf %s "$target" | sed 's/"/""/g')"
    sed 1d class.csv
  } >"$odd"
  pasted '--epochs 1' "./$odd"
  code 0 info pasted.safetensors --json
  json out
  if command -v jq >/dev/null; then
    [ "$(jq -r '.encoder.targets[0].name' out)" = "$target" ] || flunk "target \"$target\" is $(jq -c .encoder.targets out)"
  fi
done
tail -n +2 class.csv >bare.csv
pasted '--epochs 1' bare.csv --no-header --na 'none,no value' --task classification
grep -q -e "--no-header --na 'none,no value'" line || flunk "the options are lost: $(cat line)"
pasted '--epochs 1' class.csv --target u --drop v
out 'valid rmse'
echo '{"drop": "v", "epochs": 3, "device": "nosuch"}' >conf.json
code 0 data class.csv --config conf.json --quiet
out "^command  $ebb train --data class.csv --drop v --target kind$"
with EBB_NO_HEADER=0 code 0 data class.csv --quiet
out "^command  $ebb train --data class.csv --target kind$"

# converts ENDING FILE KEY OPTION...: FILE written as ENDING gives the same training as FILE itself.
converts() {
  ending=$1 from=$2 key=$3
  shift 3
  code 0 data "$from" "$@" --to converted."$ending"
  silent out
  err "^written  converted.$ending: [0-9]* rows$"
  code 0 train --data "$from" "$@" $again --epochs 5 --json --quiet --out m.safetensors
  before=$(field "$key" out)
  code 0 train --data converted."$ending" $again --epochs 5 --json --quiet --out m.safetensors
  near "$(field "$key" out)" "$before" 1e-5
}

begin "data: converted tables train as the table itself"
again=''
rows 200 class | sed 's/"un,like"/other/' >plain.csv
for ending in csv npz svm; do
  converts $ending plain.csv valid_accuracy
  converts $ending value.csv valid_rmse
done
again='--missing mean' # a CSV keeps missing values
converts csv people.csv valid_accuracy --target kind --missing mean --drop born
again=--no-scale # otherwise a category's inputs would be standardised like numbers
converts npz people.csv valid_loss --target kind --missing drop --drop born
code 0 data people.csv --missing drop --to converted.npz
err '^note     1 of 89 rows lack an input and are left out (--missing drop)$'

begin "data: what cannot be written"
cp class.csv copy.csv
complains 2 '^ebb: --to: copy.csv is also read from' data copy.csv --to copy.csv --quiet
same class.csv copy.csv
complains 2 'must be .csv, .npz, .svm' data class.csv --to class.xls --quiet
complains 1 '' data class.csv --to none/class.npz --quiet
complains 6 '--missing' data people.csv --to people.npz --quiet
[ -e people.npz ] && flunk "half a file"
code 0 data plain.csv --to plain.svm --quiet # the note about the classes' numbers is weighty
err '^note .*0 other, 1 same$'
complains 2 'FILE is missing' data
complains 6 'none.csv: No such file' data none.csv

begin "data: classes that are numbers stay these numbers"
printf 'a,y\n1.5,1\n2.5,-1\n0.5,1\n4.5,-1\n' >signs.csv
code 0 data signs.csv --to signs.svm --quiet
silent err
[ "$(cut -d' ' -f1 signs.svm | tr '\n' ' ')" = '1 -1 1 -1 ' ] || flunk "labels: $(cut -d' ' -f1 signs.svm | tr '\n' ' ')"
code 0 data signs.csv --to signs.npz --quiet
code 0 data signs.npz
err 'labels: "y" int64 \[4\]'
out '^  -1  *2 rows'

begin "data: --json of a conversion"
code 0 data signs.csv --to signs.npz --json --quiet
json out
[ "$(field rows out)" = 4 ] || flunk "rows: $(cat out)"
out '"written": "signs.npz"'
