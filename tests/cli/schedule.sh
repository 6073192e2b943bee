# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# Schedules of the learning rate: how they are reported, in which units they are given, and which options
# can be combined.

learn="train --data class.csv --model 8tanh --batch 16 --lr 0.02" # 160 rows: 10 steps an epoch
rates() { sed -n '/"type":"epoch"/s/.*"learning_rate":\([^,]*\),.*/\1/p' "$1" | tr '\n' ' '; }

# rates_are FILE RATE...: checks the rates of the epochs.
rates_are() {
  file=$1 found=$(rates "$1")
  shift
  for wanted in "$@"; do
    near "${found%% *}" "$wanted" 1e-6
    found=${found#* }
  done
  [ -z "$found" ] || flunk "$file has more rates: $found"
}

begin "a constant rate is told once"
code 0 $learn --epochs 3 --log plain.log --out plain.safetensors
err '^training 160 rows, batch 16, adam, learning rate 0.02, cross_entropy$'
[ "$(grep -c 'learning_rate' plain.log)" -eq 1 ] || flunk "the log: $(cat plain.log)"
grep -q '^epoch .*learning rate' err && flunk "the epochs: $(cat err)"
code 0 $learn --epochs 3 --schedule constant --warmup 0 --quiet --out same.safetensors
same plain.safetensors same.safetensors

begin "each schedule, after the last step of each epoch"
code 0 $learn --epochs 4 --schedule linear --log l --out s.safetensors
err '^training .*, learning rate 0.02, linear, cross_entropy$'
err '^epoch    2/4, .*, learning rate 0.0105, [0-9]* samples/s$'
rates_are l 0.0155 0.0105 0.0055 0.0005
grep -q '"type":"start".*"learning_rate":0.02,"schedule":"linear","warmup_steps":0,"schedule_factor":0.0,' l ||
  flunk "first line: $(head -1 l)"
code 0 $learn --epochs 4 --schedule cosine --schedule-length 2epochs --schedule-factor 0.25 --quiet --log l --out s.safetensors
rates_are l 0.0136732588 0.00509233745 0.005 0.005
code 0 $learn --epochs 4 --schedule step --schedule-length 20 --schedule-factor 0.5 --quiet --log l --out s.safetensors
rates_are l 0.02 0.02 0.01 0.01
code 0 $learn --epochs 4 --schedule exponential --schedule-length 1epoch --schedule-factor 0.5 --quiet --log l --out s.safetensors
rates_are l 0.0107177346 0.0053588673 0.00267943366 0.00133971683
code 0 $learn --epochs 4 --schedule 'multistep(2epochs,0.75)' --schedule-factor 0.5 --log l --out s.safetensors
err '^training .*, learning rate 0.02, multistep(20,0.75), cross_entropy$'
rates_are l 0.02 0.02 0.01 0.005
grep -q '"schedule":"multistep(20,0.75)",' l || flunk "first line: $(head -1 l)"
code 0 $learn --epochs 4 --schedule one_cycle --warmup 1epoch --quiet --log l --out s.safetensors
rates_are l 0.02 0.01500002 0.00500006 8e-8
code 0 $learn --epochs 4 --lr 1e-9 --schedule 'plateau(1)' --quiet --log l --out s.safetensors
rates_are l 1e-9 1e-9 1e-9 1e-10
code 0 $learn --epochs 4 --warmup 1.0epochs --quiet --log l --out s.safetensors
code 0 $learn --epochs 4 --warmup 25steps --log l --out s.safetensors
err ', learning rate 0.02, warm-up 25 steps, cross_entropy$'
rates_are l 0.008 0.016 0.02 0.02

begin "a schedule may be in a configuration, and in every form of step, of which the sentinel knows the rate"
echo '{"schedule": "cosine", "warmup": "2epochs", "schedule-factor": 0.1}' >conf.json
for form in layers whole; do
  code 0 $learn --epochs 4 --config conf.json --step $form --sentinel 1 --quiet --log l --out $form.safetensors
  code 0 $learn --epochs 4 --step $form --schedule cosine --warmup 20 --schedule-factor 0.1 --quiet --log l2 --out again.safetensors
  same $form.safetensors again.safetensors
  [ "$(rates l)" = "$(rates l2)" ] || flunk "$(rates l) and $(rates l2)"
done

begin "what does not go with what"
complains 2 '^ebb: --schedule-length needs a --schedule that is not constant$' $learn --schedule-length 5
complains 2 '^ebb: --schedule-factor needs a --schedule that is not constant$' $learn --schedule-factor 0.5
complains 2 '^ebb: --schedule: .*one of constant, linear, cosine, step, exponential, multistep, .*; did you mean cosine?$' $learn --schedule cosin
complains 2 '^ebb: --schedule-length: the schedule plateau has none$' $learn --schedule plateau --schedule-length 5
complains 2 '^ebb: --schedule: "wsd(2,3)" is not a schedule: ' $learn --schedule 'wsd(2,3)'
complains 2 '^ebb: --schedule: wsd: a warm-up of 39 steps does not end before' $learn --epochs 4 --schedule wsd --warmup 39 --quiet
complains 2 '^ebb: --warmup: a warm-up of 41 steps is longer than the training, 40 steps$' $learn --epochs 4 --warmup 41 --quiet
complains 2 '^ebb: --warmup: a warm-up of 20 steps is longer than the schedule, 19 steps$' $learn --epochs 4 --schedule linear --schedule-length 19 --warmup 2epochs --quiet
for wrong in 30s 1.5epochs -3 x ''; do
  complains 2 '^ebb: --warmup: .* is not a number of steps or epochs, such as 1000, 1000steps or 2epochs$' $learn --warmup "$wrong"
done
complains 2 '^ebb: --schedule-factor: .* from 0 to 1$' $learn --schedule cosine --schedule-factor 1.1
complains 2 '' eval plain.safetensors --schedule cosine

begin "a training with a schedule goes on, and keeps it"
falls="--epochs 6 --schedule cosine --warmup 5"
code 0 $learn $falls --checkpoint run --every 7steps --keep-checkpoints 9 --log full.log --quiet --out full.safetensors
for step in 42 49 56 60; do rm -f run/step-*$step.*; done
code 0 train --resume run --quiet --log full.log --out part.safetensors
same full.safetensors part.safetensors
rates_are full.log $(rates full.log)
rm -f run/step-*60.*
complains 2 '^ebb: --schedule: it is linear here, and cosine in the training that run has' train --resume run --schedule linear
complains 2 '^ebb: --warmup: it is 6 here, and 5 in the training' train --resume run --warmup 6
complains 2 '^ebb: --schedule-factor: it is 0.5 here, and 0, the default, in' train --resume run --schedule-factor 0.5
complains 6 'schedule cosine, factor 0, 60 steps, warm-up 5 steps, here cosine, factor 0, 70 steps, warm-up 5 steps' train --resume run --epochs 7 --quiet
code 0 train --resume run --quiet --warmup 5steps --schedule-factor 0 --out part.safetensors
same full.safetensors part.safetensors

begin "a refit has the schedule of its own length"
code 0 $learn --epochs 5 --schedule linear --warmup 2epochs --refit --log l --out refit.safetensors
epochs=$(field refit_epochs l)
[ -n "$epochs" ] || flunk "no refit: $(cat err)"
sed -n '/"type":"refit"/s/.*"learning_rate":\([^,]*\),.*/\1/p' l | tail -1 >last
# 200 rows: 13 steps an epoch, 26 of warm-up
near "$(cat last)" "$(awk -v e="$epochs" 'BEGIN { n = 13 * e; w = n < 26 ? n : 26; print 0.02 / (n - w + 1) }')" 1e-5

begin "--find-lr prints a curve and a rate, draws it, and saves no model"
code 0 $learn --find-lr --quiet --out curve.svg
out '^suggestion: --lr 0\.[0-9]*, a tenth of '
[ "$(grep -c '|' out)" -eq 12 ] || flunk "the curve: $(cat out)"
rate=$(sed -n 's/^suggestion: --lr \([^,]*\),.*/\1/p' out)
code 0 train --data class.csv --model 8tanh --lr "$rate" --epochs 20 --quiet --json --out found.safetensors
at_least "$(field valid_accuracy out)" 0.9
if command -v python3 >/dev/null; then
  python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' curve.svg 2>err || flunk "$(tail -1 err)"
fi
rm -f model.safetensors
code 0 $learn --find-lr --json --quiet
json out suggestion
[ ! -e model.safetensors ] || flunk "there is a model"
complains 2 '^ebb: --out: with --find-lr it is the file of the curve, such as curve.svg$' $learn --find-lr --out m.safetensors
complains 2 'find-lr' eval plain.safetensors --find-lr
