# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# The best epoch, on rows a third of which are contradictory: once the network has memorised them,
# validation gets worse.

awk 'BEGIN {
  seed = 11
  print "a,b,c,d,e,f,kind"
  for (i = 0; i < 120; i++) {
    for (k = 0; k < 6; k++) { seed = (seed * 16807) % 2147483647; x[k] = seed / 2147483647; printf "%.5f,", x[k] }
    print ((x[0] > x[1]) == (i % 3 > 0) ? "yes" : "no")
  }
}' >noise.csv
learn="train --data noise.csv --model 24tanh --lr 0.01 --quiet"

# From a log: the number of epochs; the first epoch with the lowest loss, and a figure of it.
epochs_of() { grep -c '"type":"epoch"' "$1"; }
lowest() { grep '"type":"epoch"' "$1" | sed 's/.*"epoch":\([0-9]*\),.*"valid_loss":\([^,}]*\).*/\1 \2/' | sort -g -k 2,2 -k 1,1 | head -1; }
valid_loss() { grep "\"type\":\"epoch\",\"epoch\":$1," "$2" | sed 's/.*"valid_loss":\([^,}]*\).*/\1/'; }

# ends_with KEY VALUE LOG: the log's last line has the key with this value.
ends_with() { tail -1 "$3" | grep -q "\"$1\":$2[,}]" || flunk "the end of $3 lacks $1 $2: $(tail -1 "$3")"; }

# has_loss MODEL LOSS: the model has this loss on the validation rows.
has_loss() {
  code 0 eval "$1" --data noise.csv --part valid --json --quiet
  near "$(field loss out)" "$2" 1e-6
}

begin "the weights of the best epoch are the model"
code 0 $learn --epochs 60 --log full.log --out best.safetensors
epoch=$(lowest full.log | cut -d' ' -f1) loss=$(lowest full.log | cut -d' ' -f2)
[ "$epoch" -gt 1 ] && [ "$epoch" -lt 30 ] || flunk "validation does not get worse: the best is $epoch"
[ "$(epochs_of full.log)" -eq 60 ] || flunk "--epochs alone does not run them all"
out "^best.safetensors: finished after 60 epochs, weights of epoch $epoch, train loss .*, valid loss "
has_loss best.safetensors "$loss"
near "$(field valid_loss full.log)" "$loss" 1e-8
ends_with best_epoch "$epoch" full.log
ends_with stopped_early false full.log
ends_with monitor '"loss"' full.log
tail -1 full.log | grep -q '"patience"' && flunk "a patience without one"

begin "--patience 0 keeps the last"
code 0 $learn --epochs 60 --patience 0 --log l --out last.safetensors
out '^last.safetensors: finished after 60 epochs, train loss '
has_loss last.safetensors "$(valid_loss 60 full.log)"
near "$(field valid_loss l)" "$(valid_loss 60 full.log)" 1e-8
ends_with best_epoch "$epoch" l
ends_with patience 0 l

begin "patience ends a training"
code 0 train --data noise.csv --model 24tanh --lr 0.01 --patience 3 --log l --out early.safetensors
ends_with stopped_early true l
ends_with patience 3 l
stop=$(epochs_of l) found=$(field best_epoch l)
[ "$stop" -eq $((found + 3)) ] || flunk "best epoch $found, ended after $stop"
has_loss early.safetensors "$(valid_loss "$found" full.log)" # the epochs are the same
code 0 train --data noise.csv --model 24tanh --lr 0.01 --patience 3 --out early.safetensors
err "^epochs   at most 500 (--epochs), until 3 pass .*(--patience)$"
err "^best     epoch $found of $stop, valid loss [0-9.]*, valid accuracy .*; stopped after 3 epochs without a better one (--patience)$"
err "^epoch    $stop/500, "

begin "by default both a limit and a patience"
code 0 train --data noise.csv --model 24tanh --lr 0.01 --log l --out default.safetensors
err '^epochs   at most 500 (--epochs), until 50 pass '
[ "$(epochs_of l)" -eq $((epoch + 50)) ] || flunk "$(epochs_of l) epochs, the best is $epoch"
same default.safetensors best.safetensors
code 0 train --data noise.csv --model 24tanh --lr 0.01 --valid 0 --out none.safetensors
err '^epochs   500 (--epochs)$'
grep -q '^best ' err && flunk "a best epoch without validation rows"

begin "what an improvement is"
code 0 $learn --epochs 60 --min-delta 1000 --patience 5 --log l --out none.safetensors
ends_with best_epoch 1 l
[ "$(epochs_of l)" -eq 6 ] || flunk "$(epochs_of l) epochs, not 6"
code 0 $learn --epochs 60 --seed 4 --monitor accuracy --log l --out accuracy.safetensors
most=$(sed -n 's/.*"type":"epoch".*"valid_accuracy":\([^,}]*\).*/\1/p' l | sort -g | tail -1)
near "$(field valid_accuracy l)" "$most" 1e-8
first=$(sed -n 's/.*"type":"epoch","epoch":\([0-9]*\),.*"valid_accuracy":\([^,}]*\).*/\1 \2/p' l | sort -k 2,2gr -k 1,1g | head -1)
[ "$(field best_epoch l)" = "${first% *}" ] || flunk "$first is not the best epoch: $(tail -1 l)"
code 0 eval accuracy.safetensors --data noise.csv --part valid --json --quiet
near "$(field accuracy out)" "$most" 1e-8

begin "a limit that the best epoch has come to is told"
code 0 train --data class.csv --model 8tanh --epochs 3 --out none.safetensors
err '^best     epoch 3 of 3, .*; more epochs may help (--epochs)$'
code 0 train --data noise.csv --model 24tanh --lr 0.01 --epochs 60 --out none.safetensors
grep -q 'more epochs' err && flunk "more epochs would not help"

begin "an interrupted training keeps the best epoch"
rm -f stop.log
"$ebb" $learn --epochs 1000000 --log stop.log --out stop.safetensors >out 2>err </dev/null &
process=$!
until [ "$(grep -c '"type":"epoch"' stop.log 2>/dev/null)" -ge 60 ] 2>/dev/null || ! kill -0 $process; do sleep 0.05; done
kill -INT $process
wait $process
got=$?
[ $got -eq 130 ] || flunk "SIGINT gave $got, not 130"
has_loss stop.safetensors "$loss"
ends_with best_epoch "$epoch" stop.log

begin "NaN leaves the best epoch, and no model where none was good"
diverge="train --data value.csv --model 8relu --optimizer sgd --epochs 40 --quiet --log l --out nan.safetensors"
code 5 $diverge --lr 0.8
err 'NaN or Inf at step .*; the weights are those of the best epoch, 1; .*the model of that epoch is kept in nan.safetensors$'
out '^nan.safetensors: NaN or Inf after 1 epoch, '
code 0 eval nan.safetensors --data value.csv --part valid --json --quiet
near "$(field loss out)" "$(field valid_loss l)" 1e-5
cp nan.safetensors kept.safetensors
code 5 $diverge --lr 3 # the epoch's weights are finite, their outputs for the other rows are not
[ "$(epochs_of l)" -eq 1 ] || flunk "$(epochs_of l) epochs, not 1"
err 'the weights are again those from before the first step; .*no epoch was good, so no model is saved$'
same nan.safetensors kept.safetensors
code 5 $diverge --lr 3 --epochs 1
err 'the loss over 30 validation rows is NaN or Inf, .*; try a lower learning rate than 3 (--lr); no epoch was good, so no model is saved$'
same nan.safetensors kept.safetensors

# Finite weights with no finite output: with validation rows, without, in one epoch, in ten.
begin "a model of NaN replaces none"
hopeless="train --data $tests/../examples/digits.csv --batch 4096 --lr 1e30 --model 16relu --log l --out kept.safetensors"
cp kept.safetensors old.safetensors
for epochs in 1 10; do
  for more in '' '--valid 0' '--patience 0' --refit '--test 0.2'; do
    # shellcheck disable=SC2086 # options of two words
    code 5 $hopeless --epochs $epochs $more
    same kept.safetensors old.safetensors
    err 'try a lower learning rate than 1e+30 (--lr); no epoch was good, so no model is saved$'
    out '^no model saved: NaN or Inf after 1 epoch, '
    grep -q 'is kept' err && flunk "a bad epoch is kept: $(cat err)"
    json l
    ends_with reason '"numbers"' l
    [ "$more" = '--valid 0' ] && continue
    err "^epoch    1/$epochs, train loss [0-9.]*, valid loss NaN, "
    grep '"type":"epoch","epoch":1,' l | grep -q '"valid_loss":null' || flunk "the loss is left out: $(cat l)"
  done
done

begin "the learning rate of a refit falls over the last fifth of its epochs"
regress="train --data value.csv --model 8tanh --batch 64 --quiet"
losses() { grep "\"type\":\"$1\"" "$2" | sed 's/.*"train_loss":\([^,]*\),.*/\1/' | sed -n "$3"; }
code 0 $regress --epochs 20 --refit --log l --out refit.safetensors
ends_with best_epoch 20 l
code 0 $regress --epochs 20 --valid 0 --log plain --out plain.safetensors
losses refit l 1,17p >refit_losses
losses epoch plain 1,17p >plain_losses
same refit_losses plain_losses
differ refit.safetensors plain.safetensors
code 0 $regress --epochs 20 --refit --out again.safetensors
same refit.safetensors again.safetensors

begin "--refit trains on all rows for the epochs found"
code 0 train --data noise.csv --model 24tanh --lr 0.01 --epochs 60 --refit --log l --out refit.safetensors
code 0 $learn --epochs "$epoch" --valid 0 --out plain.safetensors
same refit.safetensors plain.safetensors
ends_with refit true l
ends_with refit_epochs "$epoch" l
near "$(field valid_loss l)" "$loss" 1e-8 # the loss of the search
[ "$(grep -c '"type":"refit"' l)" -eq "$epoch" ] || flunk "not $epoch lines on the refit"
code 0 train --data noise.csv --model 24tanh --lr 0.01 --epochs 60 --refit --out refit.safetensors
err "^refit    a new network on all 120 rows, $epoch epochs$"
err '^refit    the model is a new one, .*the figures are those of the search, for which 24 rows were held out$'
out "^refit.safetensors: finished after 60 epochs, best epoch $epoch, .*; refit on all 120 rows$"
code 0 $learn --epochs 5 --patience 0 --refit --out refit.safetensors
code 0 $learn --epochs 5 --valid 0 --out plain.safetensors
same refit.safetensors plain.safetensors
complains 2 'trained without a split' eval refit.safetensors --data noise.csv --part valid --quiet

begin "an interrupted --refit leaves the model of the search"
code 0 $learn --epochs 2000 --patience 0 --out last.safetensors
mkfifo pipe # blocks the tool once the pipe is full of lines
"$ebb" train --data noise.csv --model 24tanh --lr 0.01 --epochs 2000 --patience 0 --refit --log pipe --out stop.safetensors \
  >out 2>err </dev/null &
process=$!
{
  while read -r line; do
    case $line in *'"type":"refit"'*) break ;; esac
  done
  kill -INT $process
  cat >rest
} <pipe
wait $process
got=$?
[ $got -eq 130 ] || flunk "SIGINT gave $got, not 130"
err '^refit    not finished; the model is that of the search$'
same stop.safetensors last.safetensors
ends_with reason '"stopped"' rest
ends_with refit false rest

begin "options without what they are about"
for option in '--patience 5' '--min-delta 0.1' '--monitor loss' --refit; do
  # shellcheck disable=SC2086 # a flag and its value
  complains 2 "^ebb: ${option%% *}: the best epoch is found by validation rows, and there are none by --valid 0$" \
    $learn --valid 0 $option
done
code 0 $learn --valid 0 --patience 0 --epochs 2 --out none.safetensors # the last weights are kept anyway
complains 2 '^ebb: --seed-split: --split takes the last rows' $learn --split last --seed-split 3
complains 2 '^ebb: --monitor: accuracy is of classes' train --data value.csv --monitor accuracy --quiet
complains 2 '^ebb: --refit: the rows of class.csv cannot be joined' train --data class.csv --valid class.csv --refit --quiet
complains 2 '' $learn --patience -1
complains 2 '' $learn --min-delta -1

begin "regression in the units of the target"
code 0 train --data value.csv --model 16tanh --epochs 60 --lr 0.02 --log l --out value.safetensors
err '^epoch    60/60, train rmse [0-9.e-]*, valid rmse [0-9.e-]* (scaled loss [0-9.e-]*), r2 [0-9.]*, [0-9]* samples/s$'
err '^best     epoch [0-9]* of 60, valid rmse [0-9.e-]* (scaled loss [0-9.e-]*), r2 [0-9.]*'
err '^result   root mean square error [0-9.e-]* over 30 held-out rows, r2 [0-9.]*; always guessing the mean: [0-9.]*$'
code 0 info value.safetensors
deviation=$(sed -n 's/^target 0 .*, mean [0-9.e-]*, deviation \([0-9.e-]*\)$/\1/p' out)
near "$(field valid_rmse l)" "$(awk -v l="$(field valid_loss l)" -v d="$deviation" 'BEGIN { printf "%.9g", d * sqrt(l) }')" 1e-5
code 0 eval value.safetensors --data value.csv --part valid --json --quiet
near "$(field rmse out)" "$(field valid_rmse l)" 1e-5
near "$(field r2 out)" "$(field valid_r2 l)" 1e-5
code 0 train --data value.csv --model 16tanh --epochs 2 --valid 0 --out value.safetensors
err '^epoch    2/2, train rmse [0-9.e-]* (scaled loss [0-9.e-]*), '

begin "--no-scale-target learns the values as they stand"
code 0 train --data value.csv --model 16tanh --epochs 60 --lr 0.02 --no-scale-target --log l --out value.safetensors
err '^epoch    60/60, train rmse [0-9.e-]*, valid rmse [0-9.e-]* (loss [0-9.e-]*), r2 '
near "$(field valid_rmse l)" "$(awk -v l="$(field valid_loss l)" 'BEGIN { printf "%.9g", sqrt(l) }')" 1e-6
code 0 info value.safetensors
out '^target 0  *target: a number, as it stands$'
code 0 eval value.safetensors --data value.csv --part valid --json --quiet
near "$(field mse out)" "$(field loss out)" 1e-6
