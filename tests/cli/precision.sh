# shellcheck shell=sh disable=SC2154,SC2034 # sourced by ../cli.sh
# --precision: every command accepts and reports it; refusals. Uses the emulated tensor core, which
# works on any device; ebb verify checks the numbers. Uses class.csv.

emulated() { with EBB_MATRIX_UNIT=emulated "$@"; }

begin "precision: a training, its evaluation and its predictions"
emulated code 0 train --data class.csv --model 9relu-8gelu --precision bf16 --epochs 3 --out half.safetensors --json
json out
[ "$(field precision out)" = bf16 ] || flunk "precision: $(field precision out)"
[ "$(field matrix_unit out)" = emulated ] || flunk "matrix_unit: $(field matrix_unit out)"
err '^products bf16, matrix unit emulated$'
code 0 train --data class.csv --model 9relu-8gelu --epochs 3 --out exact.safetensors --json
[ "$(field precision out)" = fp32 ] || flunk "precision: $(field precision out)"
cmp -s half.safetensors exact.safetensors && flunk "bf16 trains what fp32 trains, to the bit"
emulated code 0 eval half.safetensors --data class.csv --precision bf16 --json
half=$(field loss out)
code 0 eval half.safetensors --data class.csv --json
near "$half" "$(field loss out)" 0.02
[ "$half" != "$(field loss out)" ] || flunk "bf16 evaluates as fp32 does, to the last digit"
emulated code 0 predict half.safetensors --data class.csv --precision tf32
[ "$(wc -l <out)" -eq 201 ] || flunk "$(wc -l <out) lines of predictions"
emulated code 0 verify half.safetensors --precision tf32
out ' 0 failed$'

begin "precision: measured"
emulated code 0 bench matmul --precision bf16 --shape 40x40x40 --quick --json
[ "$(field matrix_unit out)" = emulated ] || flunk "matrix_unit: $(field matrix_unit out)"

with EBB_PRECISION=bf16 code 0 bench elementwise --quick --json # it contains no products
[ "$(field precision out)" = fp32 ] || flunk "precision: $(field precision out)"

begin "precision: what is refused"
complains 2 'is not one of fp32, tf32, bf16' train --data class.csv --precision bf61
complains 2 'that of products; there are none' bench elementwise --precision bf16
complains 2 'does not take --precision' info half.safetensors --precision bf16
with EBB_MATRIX_UNIT=abacus complains 2 'EBB_MATRIX_UNIT=abacus: must be one of nvidia, emulated, or unset' eval half.safetensors --data class.csv --precision bf16 --quiet
emulated complains 1 'whole steps are computed in fp32, not in tf32' train --data class.csv --precision tf32 --step whole --quiet
if [ "$EBB_DEVICE" = cpu ]; then
  complains 1 'has no matrix unit that ebb can use' train --data class.csv --precision bf16 --quiet
  complains 1 'has no matrix unit that ebb can use' tune --precision tf32
fi
