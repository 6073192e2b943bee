# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# ebb bench: refused options, consistency of the numbers in a result with each other and with the
# device's counters, and comparisons. No time is judged here.

# product A B C D: true if a times b is close to c times d, relatively.
product() {
  near "$(awk -v a="$1" -v b="$2" 'BEGIN { printf "%.12g", a * b }')" \
    "$(awk -v a="$3" -v b="$4" 'BEGIN { printf "%.12g", a * b }')" 1e-6
}

more() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(b + 0 > 0 && a > b) }' || flunk "\"$1\" is not more than \"$2\""; }

# value KEY N FILE: the N-th value of a key in a JSON text.
value() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p" "$3" | sed -n "$2p"; }

begin "bench: what is refused"
complains 2 'what to measure is missing' bench
complains 2 'there is no "matmull"; did you mean matmul?' bench matmull
complains 2 'there are matmul, step and elementwise' bench zzz
complains 2 'unexpected "step" after "matmul"' bench matmul step
complains 2 'unexpected "b.json" after "step"' bench matmul step b.json
complains 2 'bench matmul: --batch belongs to .ebb bench step.' bench matmul --batch 3
complains 2 'bench elementwise: --momentum belongs to' bench elementwise --momentum 0.5
complains 2 'bench matmul: --step belongs to' bench matmul --step whole
complains 2 'bench step: --shape belongs to .ebb bench matmul.' bench step --shape 2x2x2
complains 2 '--momentum belongs to --optimizer sgd' bench step --momentum 0.9 --quiet
complains 2 'unknown activation "rellu"' bench step --model 3-4rellu-2 --quiet
complains 2 'input size left out' bench step --model 4relu-2 --quiet
complains 2 '--batch: "0" is not' bench step --batch 0
for shape in 3 3x4 3x4x 0x1x1 3x4x5x6 3x4x65537 3X4X5 ,3x4x5 3x4x-5 ' 3x4x5'; do
  complains 2 'is not MxNxK' bench matmul --shape "$shape" --quiet
done
complains 2 '"3x4" is not MxNxK' bench matmul --shape 2x2x2 --shape 3x4 --quiet
complains 2 'nothing follows the last comma' bench matmul --shape 3x4x5, --quiet
complains 2 '--shape: "" is not' bench matmul --shape ''
complains 2 'needs two files' bench --compare a.json
complains 2 'belongs to .ebb bench step.' bench --compare a.json b.json --batch 3
complains 2 'nothing is measured here' bench --compare a.json b.json --quick
complains 2 '"matmull"; did you mean matmul?' bench matmull --compare a.json b.json
code 0 help bench
for option in model batch optimizer momentum shape quick compare device json quiet; do out "--$option\b"; done

begin "bench matmul"
code 0 bench matmul --shape 3x5x7,40x33x65 --shape 17x1x300 --quick --json --quiet
silent err
json out
cp out matmul.json
[ "$(field bench out)" = matmul ] || flunk "bench: $(field bench out)"
at_least "$(field peak_gflops out)" 0.001
for key in device driver version ms_median ms_p10 ms_p90 peak_fraction; do out "\"$key\": "; done
[ "$(sed -n 's/.*"layout": "\(.*\)".*/\1/p' out | tr '\n' ' ')" = 'nn nt tn nn nt tn nn nt tn ' ] || flunk "layouts"
[ "$(for key in m n k; do value $key 4 out; done | tr '\n' ' ')" = '40 33 65 ' ] || flunk "the second shape"
for i in 1 5 9; do
  flops=$(awk -v m="$(value m $i out)" -v n="$(value n $i out)" -v k="$(value k $i out)" 'BEGIN { print 2e-6 * m * n * k }')
  product "$(value gflops $i out)" "$(value ms_median $i out)" "$flops" 1
  at_least "$(value ms_median $i out)" "$(value ms_p10 $i out)"
  at_least "$(value ms_p90 $i out)" "$(value ms_median $i out)"
done
code 0 bench matmul --shape 3x5x7 --quick
out '^device   .*driver'
out '^peak  *[0-9.]* GFLOP/s'
out '^tn  *3  *5  *7 '
lines 7 out

begin "bench step"
code 0 bench step --model 20-150relu-150relu-3 --batch 16 --optimizer sgd --momentum 0.9 --step layers --quick --json --quiet
silent err
json out
cp out step.json
for key in step_ms_p10 step_ms_p90 peak_gflops peak_fraction device; do out "\"$key\": "; done
for pair in bench:step model:20-150relu-150relu-3 batch:16 optimizer:sgd bytes_down_per_step:0; do
  [ "$(field "${pair%%:*}" out)" = "${pair#*:}" ] || flunk "$pair, not: $(field "${pair%%:*}" out)"
done
near "$(field momentum out)" 0.9 1e-9
# first layer: forward and weight gradient; the others also their input gradient
flops=$(awk 'BEGIN { print 2e-6 * 16 * (2 * 20 * 150 + 3 * 150 * 150 + 3 * 150 * 3) }')
product "$(field gflops out)" "$(field step_ms_median out)" "$flops" 1
product "$(field samples_per_second out)" "$(field step_ms_median out)" 16 1000
at_least 11 "$(field launches_per_step out)"
code 0 bench step --model 20-150relu-3 --batch 16 --optimizer sgd --step layers --quick --json --quiet
more "$(field launches_per_step step.json)" "$(field launches_per_step out)"
code 0 bench step --model 8-16relu-2 --batch 16 --step layers --quick --json --quiet
[ "$(field form out)" = layers ] || flunk "form: $(field form out)"
cp out layers.json
code 0 bench step --model 8-16relu-2 --batch 16 --step whole --quick --json --quiet
[ "$(field form out)" = whole ] || flunk "form: $(field form out)"
more "$(field launches_per_step layers.json)" "$(field launches_per_step out)"
complains 1 'whole' bench step --model 20-1100relu-3 --step whole --quiet
code 0 bench step --model 20-150relu-3 --batch 16 --quick --loss mse
out '^device   '
out '^peak  *[0-9.]* GFLOP/s'
out '^network .*20-150relu-3, batch 16, adam, mse$'
out '^bytes down a step   0$'

begin "bench elementwise"
# leaves PoCL so little memory that the arrays must be shorter
with POCL_MEMORY_LIMIT=1 code 0 bench elementwise --quick --json --quiet
silent err
json out
cp out elementwise.json
at_least "$(field bandwidth_gbps out)" 0.001
at_least "$(grep -c '"case": "\(forward\|backward\|loss\|update\) ' out)" 10
for i in 1 7 10; do
  product "$(value gbps $i out)" "$(value ms_median $i out)" "$(value bytes $i out)" 1e-6
  at_least "$(value bandwidth_fraction $i out)" 0.000001
done
adam=$(grep '"case"' out | grep -n '"update adam' | head -1 | cut -d: -f1)
near "$(value bytes "$adam" out)" "$(($(field array_bytes out) * 7))" 1e-12

begin "bench --compare"
code 0 bench --compare matmul.json matmul.json
out '^A  *matmul.json: matmul, '
out '^nn 40 33 65  .*  1.000  *1.000$'
out '^geometric mean of 9: 1.000$'
awk '/"gflops"/ { sub(/[0-9.e+-]+,?$/, sprintf("%.9g,", $2 * 2)) } { print }' matmul.json >double.json
json double.json
for words in '--compare matmul.json double.json' 'matmul --compare matmul.json double.json'; do
  # shellcheck disable=SC2086 # several words
  code 0 bench $words
  out '^geometric mean of 9: 2.000$'
done
code 0 bench --compare double.json matmul.json --json
json out
near "$(field geometric_mean out)" 0.5 1e-4
near "$(value ratio 3 out)" 0.5 1e-4
sed 's/"m": 40/"m": 41/' matmul.json >other.json
code 0 bench --compare matmul.json other.json
out '^geometric mean of 6: 1.000$'
out '^only in A: nn 40 33 65$'
out '^only in B: tn 41 33 65$'
sed 's/"loss": "[a-z_]*"/"loss": "mse"/' layers.json >mse.json
complains 6 'have no row in common' bench --compare layers.json mse.json
for file in step elementwise; do
  code 0 bench --compare $file.json $file.json
  out '^geometric mean of [0-9]*: 1.000$'
done

begin "bench --compare: bad files"
complains 6 'matmul.json is a result of matmul, but step.json is one of step' bench --compare matmul.json step.json
complains 6 'is a result of matmul, not of step' bench step --compare matmul.json matmul.json
complains 6 'none.json: No such file' bench --compare matmul.json none.json
complains 6 'class.csv:1:.*not JSON' bench --compare class.csv matmul.json
complains 6 '' bench --compare . matmul.json
sed 's/"m": /"m": 1/' matmul.json >other.json
complains 6 'no row in common' bench --compare matmul.json other.json
for change in 's/"bench": "matmul"/"bench": "matmuls"/' 's/"gflops": /"gflops": -/' 's/"gflops"/"flops"/' \
  's/"peak_fraction": [0-9.e-]*/"peak_fraction": "x"/' 's/"layout"/"lay"/' 's/"results"/"rows"/' 's/"n": [0-9]*/"n": 1.5/'; do
  sed "$change" matmul.json >other.json
  complains 6 'other.json: .*--compare takes what' bench --compare matmul.json other.json
done
echo '[1]' >other.json
complains 6 'other.json: .*no result' bench --compare other.json matmul.json

begin "bench measures nothing that is wrong"
# fault FILE SED-SCRIPT ARGUMENT...: the benchmark must report this change of a kernel file.
fault() {
  rm -rf broken
  cp -r "$tests/../kernels" broken
  sed -i "$2" "broken/$1"
  cmp -s "$tests/../kernels/$1" "broken/$1" && flunk "$1 has no place for the fault"
  shift 2
  with EBB_KERNEL_DIR="$work"/broken complains 5 '' bench "$@" --quick --quiet
}
fault optimizer_adam.h 's/1\.0f/1.5f/' elementwise
err 'checks failed'
fault probe.cl 's/step < steps;/step < steps \/ 2;/' matmul --shape 8x8x8
err 'the FMA yardstick gives'
fault cpu_tile.h 's/fma(a_value/fma(-a_value/' matmul --shape 8x8x8
fault loss_cross_entropy.h 's/1\.0f/1.5f/' step --model 5-9relu-3 --batch 4

begin "train says when its kernels were compiled"
with POCL_CACHE_DIR="$work"/cold code 0 train --data class.csv --model 2-2 --epochs 2 --batch 200 --log l --out m.safetensors
err '^kernels  first step after [0-9.]* s, all kernels ready after [0-9.]* s$'
[ "$(grep -c '^kernels  first' err)" -eq 1 ] || flunk "said more than once"
at_least "$(field first_step_seconds l)" 0.001
at_least "$(field compiled_seconds l)" "$(field first_step_seconds l)"
with POCL_CACHE_DIR="$work"/cold2 code 0 train --data class.csv --model 2-2 --epochs 2 --quiet --out m.safetensors
silent err
