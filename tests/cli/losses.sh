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
