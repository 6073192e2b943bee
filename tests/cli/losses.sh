# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Losses for values that keep their own scale, and what their predictions and scores are.

awk 'BEGIN { print "x,n"; for (i = 0; i < 120; i++) printf "%g,%d\n", i % 12 / 12, exp(i % 12 / 8) }' >counts.csv

begin "counts: positive predictions, a deviance, and no negative target"
code 0 train --data counts.csv --loss poisson --model 4tanh --epochs 40 --lr 0.05 --quiet --out counts.safetensors
code 0 info counts.safetensors
out '^loss  *poisson$'
out '^task  *regression$' # although the counts are few
code 0 predict counts.safetensors --data counts.csv --quiet
[ "$(tail -n +2 out | awk '$1 <= 0' | wc -l)" -eq 0 ] || flunk "a count below 0: $(cat out)"
code 0 eval counts.safetensors --data counts.csv --json --quiet
near "$(field deviance out)" 0.02 1
code 0 eval counts.safetensors --data counts.csv --quiet
out '^mean deviance  *[0-9.]* '
sed '4s/,.*/,-2/' counts.csv >negative.csv
complains 6 'negative.csv:4: column "n": the target is -2, which is not 0 or more, as poisson needs; leave such rows out' train --data negative.csv --loss poisson --quiet
complains 6 'negative.csv:4: .*as poisson needs' eval counts.safetensors --data negative.csv --quiet
complains 2 'power of tweedie is 2, not in ' train --data counts.csv --loss 'tweedie(2)' --quiet
complains 6 'negative.csv:4: .* is not above 0, as gamma needs' train --data negative.csv --loss gamma --quiet

begin "several quantiles at once: an output for each"
code 0 train --data counts.csv --target n --loss 'quantile(0.1,0.5,0.9)' --task regression --model 4tanh --epochs 40 --lr 0.05 --quiet --out quantiles.safetensors
code 0 info quantiles.safetensors
out '^loss  *quantile(0.1,0.5,0.9)$'
out '^spec  *1-4tanh-3$'
code 0 predict quantiles.safetensors --data counts.csv --quiet
[ "$(head -1 out)" = q0.1,q0.5,q0.9 ] || flunk "header: $(head -1 out)"
[ "$(tail -n +2 out | awk -F, '$1 > $2 || $2 > $3' | wc -l)" -eq 0 ] || flunk "quantiles cross: $(cat out)"
code 0 eval quantiles.safetensors --data counts.csv --json --quiet
near "$(field pinball_loss out)" "$(awk "BEGIN { print ($(field pinball_0.1 out) + $(field pinball_0.5 out) + $(field pinball_0.9 out)) / 3 }")" 1e-4
near "$(field coverage out)" 0.8 0.3
complains 2 'q of quantile is 0.1 after 0.5; they must rise' train --data counts.csv --loss 'quantile(0.5,0.1)' --quiet
complains 2 'q of quantile is 0, not in ' train --data counts.csv --loss 'quantile(0,0.1)' --quiet
complains 2 'has only 8 parameters' train --data counts.csv --loss 'quantile(0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9)' --quiet

begin "mean and deviation of several targets, in their units"
awk 'BEGIN { srand(4); print "x,a,b"; for (i = 0; i < 400; i++) { x = i % 20 / 20; s = i % 2 ? 1 : -1; printf "%g,%g,%g\n", x, 1e6 + 100 * x + 20 * s, -x + 0.5 * (1 + x) * s } }' >normal.csv
code 0 train --data normal.csv --target a,b --loss gaussian --model 8tanh --epochs 60 --patience 0 --lr 0.02 --quiet --out normal.safetensors
code 0 predict normal.safetensors --data normal.csv --quiet
[ "$(head -1 out)" = prediction_a,deviation_a,prediction_b,deviation_b ] || flunk "header: $(head -1 out)"
[ "$(tail -n +2 out | awk -F, '$2 < 10 || $2 > 30 || $4 < 0.2 || $4 > 2' | wc -l)" -eq 0 ] || flunk "deviations: $(head -30 out)"
code 0 eval normal.safetensors --data normal.csv --json --quiet
near "$(field nll out)" 2.9 0.5 # (ln 20 + ln 0.75 + ln 2 pi + 1) / 2

awk 'BEGIN { print "x,y,A,B,kind"; for (i = 0; i < 120; i++) { x = i % 12 / 12; y = i % 7 / 7; printf "%g,%g,%d,%d,%s\n", x, y, (x > 0.5), (y > 0.5), (x > y ? "far" : "near") } }' >yes.csv

begin "two classes in one output"
code 0 train --data yes.csv --drop A,B --loss bce --model 4tanh --epochs 40 --lr 0.05 --quiet --out two.safetensors
code 0 info two.safetensors
out '^spec  *2-4tanh-1$'
code 0 predict two.safetensors --data yes.csv --quiet
[ "$(head -1 out)" = prediction,p_far,p_near ] || flunk "header: $(head -1 out)"
[ "$(tail -n +2 out | awk -F, '($1 == "near") != ($3 >= 0.5) || $2 + $3 > 1.00001 || $2 + $3 < 0.99999' | wc -l)" -eq 0 ] ||
  flunk "a class without the larger probability: $(cat out)"
code 0 eval two.safetensors --data yes.csv --json --quiet
near "$(field roc_auc out)" 1 0.1
near "$(field log_loss out)" "$(field loss out)" 1e-6
code 0 verify two.safetensors --data yes.csv --only 'forward*'
complains 6 'tells two classes apart, and the target has 12; cross_entropy takes any' train --data yes.csv --target x --task classification --loss bce --quiet

begin "several targets of 0 and 1, which do not exclude each other"
code 0 train --data yes.csv --drop kind --target A,B --loss bce --model 4tanh --epochs 40 --lr 0.05 --quiet --out both.safetensors
code 0 predict both.safetensors --data yes.csv --quiet
[ "$(head -1 out)" = prediction_A,p_A,prediction_B,p_B ] || flunk "header: $(head -1 out)"
[ "$(tail -n +2 out | awk -F, '($1 == 1) != ($2 >= 0.5) || $4 <= 0 || $4 >= 1' | wc -l)" -eq 0 ] || flunk "no probabilities: $(cat out)"
code 0 eval both.safetensors --data yes.csv --target A,B --json --quiet
near "$(field f1 out)" 1 0.2
near "$(field accuracy out)" 1 0.2
near "$(field roc_auc out)" 1 0.1
near "$(field average_precision out)" 1 0.1
[ "$(grep -o '"roc_auc"' out | wc -l)" -eq "$((3 * $(grep -o '"part"' out | wc -l)))" ] || flunk "not a figure for each target and one for their mean: $(cat out)"
code 0 eval both.safetensors --data yes.csv --target A,B --part all --quiet
out '^ROC AUC, mean of targets  *[01]\.[0-9]*$'
out '^target  *accuracy  *precision  *recall  *F1  *ROC AUC  *average pr\.  *ones$'
out '^B  *[01]\.[0-9]* .* [0-9]*$'
sed '3s/,[01],\([01]\),/,1.5,\1,/' yes.csv >above.csv
complains 6 'above.csv:3: .* is 1.5, which is not from 0 to 1, as bce needs' train --data above.csv --drop kind --target A,B --loss bce --quiet

begin "losses of classes with a parameter: the loss is the model's own, the scores are as ever"
for loss in 'cross_entropy(0.1)' 'focal(1.5)'; do
  code 0 train --data yes.csv --drop A,B --loss "$loss" --model 4tanh --epochs 40 --patience 0 --lr 0.05 --quiet --log own.log --out own.safetensors
  code 0 info own.safetensors
  out "^loss  *$loss\$"
  code 0 eval own.safetensors --data yes.csv --part valid --json --quiet
  near "$(field roc_auc out)" 1 0.1
  near "$(field loss out)" "$(grep '"epoch":40,' own.log | field valid_loss /dev/stdin)" 1e-4
  [ "$(field loss out)" != "$(field log_loss out)" ] || flunk "$loss is no log loss: $(field loss out)"
done
complains 2 'smoothing of cross_entropy is 1, not in ' train --data yes.csv --loss 'cross_entropy(1)' --quiet

begin "probabilities of classes"
awk 'BEGIN { print "x,y,A,B,C"; for (i = 0; i < 200; i++) { x = i % 14 / 7 - 1; y = i % 9 / 4 - 1; a = int(1000 * exp(x) / (exp(x) + exp(y) + 1)); b = int(1000 * exp(y) / (exp(x) + exp(y) + 1)); printf "%g,%g,%g,%g,%g\n", x, y, a / 1000, b / 1000, (1000 - a - b) / 1000 } }' >shares.csv
code 0 train --data shares.csv --target A,B,C --loss 'cross_entropy(0.01)' --model 4tanh --epochs 40 --lr 0.05 --quiet --out shares.safetensors
code 0 info shares.safetensors
out '^loss  *soft_cross_entropy(0.01)$'
code 0 predict shares.safetensors --data shares.csv --quiet
[ "$(head -1 out)" = p_A,p_B,p_C ] || flunk "header: $(head -1 out)"
[ "$(tail -n +2 out | awk -F, '$1 + $2 + $3 > 1.00001 || $1 + $2 + $3 < 0.99999' | wc -l)" -eq 0 ] || flunk "no probabilities: $(cat out)"
code 0 eval shares.safetensors --data shares.csv --json --quiet
near "$(field accuracy out)" 1 0.1
sed '4s/,[^,]*$/,0.9/' shares.csv >sum.csv
complains 6 'sum.csv:4: .*the 3 targets sum to 1[.][0-9]*, not to 1, as soft_cross_entropy needs' train --data sum.csv --target A,B,C --loss cross_entropy --quiet
complains 6 'sum.csv:4: .* sum to ' eval shares.safetensors --data sum.csv --quiet

begin "the direction of several values"
code 0 train --data shares.csv --target A,B,C --loss cosine --model 4tanh --epochs 40 --lr 0.05 --quiet --out direction.safetensors
code 0 eval direction.safetensors --data shares.csv --json --quiet
near "$(field cosine out)" 1 0.02
[ "$(grep -c 'does not beat' out err)" = "$(printf 'out:0\nerr:0')" ] || flunk "sizes are judged: $(cat out err)"

begin "hinge losses, and the accuracy of answers of yes or no"
code 0 train --data yes.csv --drop A,B --loss 'hinge(0.5)' --model 4tanh --epochs 40 --lr 0.05 --quiet --out hinge.safetensors
code 0 eval hinge.safetensors --data yes.csv --json --quiet
near "$(field accuracy out)" 1 0.1
complains 2 'margin of squared_hinge is 0, not in ' train --data yes.csv --loss 'squared_hinge(0)' --quiet
code 0 train --data yes.csv --drop kind --target A,B --loss bce --model 4tanh --epochs 40 --patience 0 --lr 0.05 --monitor accuracy --quiet --log both.log --out both.safetensors
code 0 eval both.safetensors --data yes.csv --target A,B --part valid --json --quiet
near "$(field accuracy out)" "$(sed -n 's/.*"valid_accuracy": *\([0-9.]*\).*/\1/p' both.log | sort -g | tail -1)" 1e-6
