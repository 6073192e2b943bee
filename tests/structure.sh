#!/usr/bin/env bash
# The rules of the source tree, checked on the sources: which module may include which, where OpenCL
# is called, what kernels must not contain, what the library links to, and sizes.
#
# structure.sh ROOT [LIBRARY]   checks; one line for each check, offenders indented below it
# structure.sh --prove ROOT     plants one fault for each check in a copy; the check must find it
set -euo pipefail
export LC_ALL=C

# What each module may include from, itself apart. data stands beside all above base.
declare -A may_use=(
  [base]="" [device]="base" [tensor]="base device" [ops]="base device tensor" [gemm]="base device tensor ops"
  [nn]="base device tensor ops gemm" [graph]="base device tensor ops gemm nn" [data]="base"
  [train]="base device tensor ops gemm nn graph data" [check]="base device tensor ops gemm nn graph data train" [cli]="public")
# The module that implements each public header. ebb.h, which has them all, is for the tool alone
# and for version.c, which implements its one function.
declare -A public=(
  [status]=base [tool]=base [device]=device [cache]=device [tune]=gemm [precision]=gemm [profile]=device [opencl]=device [tensor]=tensor [ops]=ops [activations]=ops [formula]=ops [network]=nn [data]=data
  [schedule]=ops [trainer]=train [find_rate]=train [checkpoint]=train [model]=train [scores]=train [verify]=check [sentinel]=check [simple]=train)

# strip FILE...: copies them to $stripped without comments, their lines kept.
strip() {
  dirname "$@" | sort -u | (cd "$stripped" && xargs mkdir -p)
  awk -v to="$stripped" '
    FNR == 1 { close(out); out = to "/" FILENAME; inside = 0; printf "" >out }
    {
      line = ""
      while (length($0)) {
        if (inside) {
          end = index($0, "*/")
          if (!end) break
          $0 = substr($0, end + 2); inside = 0
        } else if (match($0, /^"([^"\\]|\\.)*"/) || match($0, /^[^"\/]+/)) {
          line = line substr($0, 1, RLENGTH); $0 = substr($0, RLENGTH + 1)
        } else if (/^\/\//) break
        else if (/^\/\*/) { inside = 1; $0 = substr($0, 3) }
        else { line = line substr($0, 1, 1); $0 = substr($0, 2) }
      }
      print line >out
    }' "$@"
}

build_files() { find . -name CMakeLists.txt -not -path './build*'; echo CMakePresets.json; }

# hits PATTERN FILE...: lines of code that match, as file:line:text.
hits() {
  local pattern=$1; shift
  (cd "$stripped" && grep -HnP "$pattern" "$@") || :
}

# Files of the tree: sources KIND... in FOLDER..., as `sources "h c" host kernels`.
sources() {
  local kinds=$1; shift
  local -a match=()
  for kind in $kinds; do match+=(-o -name "*.$kind"); done
  find "$@" -type f \( "${match[@]:1}" \) | sort
}

include_order() {
  local file module header owner
  while IFS=' ' read -r file header; do
    module=${file#host/} module=${module%%/*}
    case $header in
      '<ebb/ebb.h>') [[ $module == cli || $file == host/base/version.c ]] && continue; owner=everything ;;
      '<ebb/'*) header=${header#<ebb/} owner=${public[${header%.h>}]:-unknown}; [[ $module == cli ]] && continue ;;
      '"kernel_files.h"' | '"kernel_list.h"') owner=kernels; [[ $module == device ]] && continue ;;
      '"'*/*) owner=${header#\"} owner=${owner%%/*} ;;
      '"'*) owner=$module; header=${header//\"/}; [[ -e ${file%/*}/$header ]] || owner=unknown ;;
      '<CL/'* | '<clblast'*) owner=OpenCL; [[ $module == device ]] && continue ;;
      '<popt.h>') owner=popt; [[ $module == cli ]] && continue ;;
      *) continue ;;
    esac
    [[ $owner == "$module" || " ${may_use[$module]-} " == *" $owner "* ]] ||
      echo "$file includes $header of $owner"
  done < <(sources "c h" host | xargs grep -oP '^\s*#\s*include\s+\K["<][^">]+[">]' | sed 's/:/ /')
}

opencl_calls() { # and its types, these also where a function of ebb/opencl.h is implemented
  local files; files=$(sources "c h" host | grep -v '^host/device/')
  hits '\bcl[A-Z]\w*\s*\(|\bCL_[A-Z]\w*' $files
  hits '\bcl_[a-z]\w*' $(grep -L '<ebb/opencl.h>' $files)
}

default_exec() { # plans, checks and trials take a copy; only opening and the public setters change it
  hits '\bebb(i_device_set_exec|_device_set_(engine|precision|width|matmul_config|matmul_choice))\s*\(' \
    $(sources "c h" host | grep -vE '^host/(device|cli)/|^host/gemm/(open|device_exec)\.c$')
}

raw_json() { # building and reading of JSON, where each failure must be looked at: base/json.h has it
  hits '\bjson_(pack|v?unpack|object|array|string|stringn|integer|real|object_(set|update)\w*|array_(set|append|insert|extend)\w*|\w*copy|dump\w*|load\w*|sprintf|vsprintf)(_ex|_nocheck)?\s*\(' \
    $(sources "c h" host | grep -vE '^host/(cli/|base/json)')
}

public_headers() { grep -nE '#include *<CL/' include/ebb/*.h | grep -v '^include/ebb/opencl.h:' || :; }

listed() { # every source stands in the list of its folder, or in a folder that is globbed
  local file folder globbed
  globbed=$(grep -ohP 'GLOB.*CONFIGURE_DEPENDS.*' $(find . -name CMakeLists.txt -not -path './build*') || :)
  for file in $(sources "c" host tests) $(sources "cl h" kernels); do
    folder=${file%/*} file=${file##*/}
    if [[ ! -e $folder/CMakeLists.txt ]]; then # a folder of rows: host/ops/losses
      if [[ $folder == host/* && $globbed != *"/${folder##*/}/*.c"* ]]; then echo "$folder/$file: $folder is not globbed"; fi
      continue
    fi
    if grep -qP "GLOB.*\}/\*\.${file##*.}\b" "$folder/CMakeLists.txt"; then continue; fi
    if [[ $folder == tests ]]; then file=${file%.c}; fi
    grep -qwF -- "$file" "$folder/CMakeLists.txt" || echo "$folder/$file is not in $folder/CMakeLists.txt"
  done
}

# A branch on one loss or optimizer stands in its own file. Free are defaults, which name one by
# ebb_loss_default(…) and the like, and the choice of one by a task; tests and bench choose too.
rows_of_tables() {
  local files; files=$(sources "c h" host | grep -vE '^host/(ops|check)/(losses|optimizers)/')
  hits '\bcase\s+EBB_ACT_(?!COUNT\b)' $files
  hits '[!=]=\s*EBB_(LOSS|OPT)_(?!COUNT\b)[A-Z]|EBB_(LOSS|OPT)_(?!COUNT\b)[A-Z]\w*\s*[!=]=|\bcase\s+EBB_(LOSS|OPT)_' $files
  hits '\b(sgd|adamw?|mse|cross_entropy|mean_squared_error)_?\w*\s*\(' $(sources "c h" host/graph host/train host/ops | grep -vE '/(losses|optimizers)/')
  hits '\b(sgd|adamw?|mse|cross_entropy)\b' $(sources "cl h" kernels | grep -vE '/(loss|optimizer)_')
}

kernel_floor() { hits '\bdouble\b|\bhalf\b|\bprintf\b|\b(native|half)_\w+\s*\(' $(sources "cl h" kernels); }

float_atomics() { # a float can be added atomically by exchange alone, and no sum would be the same twice
  hits '\batom(ic)?_(cmp)?xchg\b|\batomic_(compare_)?exchange|\batomic_float|\batom(ic)?_add_f' \
    $(sources "cl h c" kernels host)
}

fast_math() {
  hits 'fast-relaxed-math|unsafe-math|finite-math|ffast-math|Ofast|no-signed-zeros' \
    $(sources "cl h c" kernels host) $(build_files)
}

opening_comment() {
  local file
  for file in $(sources "c h cl" host kernels include tests bench examples); do
    [[ $(head -c 2 "$file") =~ ^(/\*|//) ]] || echo "$file does not open with a comment"
  done
}

plain_control() { hits '\bgoto\b' $(sources "c h cl" host kernels); grep -rnE 'TODO|FIXME|XXX' host kernels include || :; }

file_size() {
  wc -l $(sources "c h cl sh" host kernels include tests bench examples) run | awk -v limit="$1" \
    '$2 != "total" && $1 > limit { print $2 " has " $1 " lines" }'
}

# A function begins in column 0 and ends with a brace there: clang-format sees to that.
function_size() {
  awk -v limit="$1" '
    FNR == 1 { start = 0 }
    /^[a-zA-Z_]/ { start = FNR; name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name); body = 0 }
    start && /\) *\{$/ { body = 1 }
    /^}/ { if (start && body && FNR - start + 1 > limit)
             print FILENAME ":" start " " name " has " FNR - start + 1 " lines"
           start = 0 }' $(sources "c h cl" host kernels include tests bench examples)
}

# Each column of a table has its place in the recipe of CONTRIBUTING.md, in backquotes.
recipe_names_columns() { # recipe_names_columns STRUCT FILE HEADING
  local recipe; recipe=$(sed -n "/^## $3\$/,/^## /p" CONTRIBUTING.md)
  perl -0777 -ne '
    BEGIN { ($struct, $recipe) = splice @ARGV, 0, 2 }
    s,/\*.*?\*/,,gs;
    while (/struct $struct \{\n(.*?)^\}/gms) {
      my $body = $1;
      1 while $body =~ s/\{[^{}]*\}|\[[^][]*\]//g;
      for (split /;/, $body) { # functions are (*name)(…), other names end their declarators
        my @names = /\(\*(\w+)\)/g;
        @names = map { /(\w+)\s*$/ } split /,/ unless @names;
        for (@names) { print "$struct: $_\n" unless $recipe =~ /`$_[`(]/ }
      }
    }' "$1" "$recipe" "$2"
}

all_recipes() {
  recipe_names_columns activation_row host/check/activations.c "Add an activation"
  recipe_names_columns ebbi_parametric host/check/activations.h "Add an activation"
  recipe_names_columns ebbi_loss_row host/ops/loss_row.h "Add a loss"
  recipe_names_columns ebbi_loss_check host/check/loss_check.h "Add a loss"
  recipe_names_columns ebbi_optimizer_row host/ops/optimizer_row.h "Add an optimizer"
  recipe_names_columns ebbi_update_check host/check/update_check.h "Add an optimizer"
  recipe_names_columns ebbi_kind host/nn/kind.h "Add a kind of layer"
  recipe_names_columns ebbi_kind_check host/check/kind.h "Add a kind of layer"
  recipe_names_columns ebbi_schedule_row host/ops/schedule.h "Add a schedule"
}

linked() { # symbols by which a library could print or end the process
  [[ -n $library ]] || return 0
  nm -u "$library" 2>/dev/null | awk '{ print $2 }' | sed 's/@.*//' | sort -u | grep -E \
    '^(_*(v?[fd]?printf|puts|putchar|fputs|fputc|putc)(_chk|_unlocked)?|perror|stdout|stderr|exit|_exit|_Exit|quick_exit|abort|__assert_fail|__assert_perror_fail|signal|sigaction|raise)$' ||
    :
}

exported() {
  [[ $library == *.so* ]] || return 0
  nm -D --defined-only "$library" | awk '$2 != "A" && $3 !~ /^ebb_/ { print $3 }'
}

failed=0
check() { # check "what" function argument...
  local what=$1 found; shift
  found=$("$@")
  if [[ -z $found ]]; then echo "ok - $what"; return; fi
  echo "not ok - $what"; sed 's/^/    /' <<<"$found"
  failed=$((failed + 1))
}

note() { local what=$1 found; shift; found=$("$@"); if [[ -n $found ]]; then echo "# $what"; sed 's/^/#   /' <<<"$found"; fi; }

check_all() {
  check "modules include earlier modules only" include_order
  check "OpenCL is called in host/device only" opencl_calls
  check "the device's default execution is changed by its setters only" default_exec
  check "public headers except opencl.h are free of OpenCL" public_headers
  check "JSON is made and read by base/json.h only" raw_json
  check "every source is listed in its folder" listed
  check "a loss or an optimizer is named in its own files only; no switch over activations" rows_of_tables
  check "kernels have no double, half, printf, native functions" kernel_floor
  check "no atomics on floats" float_atomics
  check "no fast-math" fast_math
  check "every source opens with a comment" opening_comment
  check "no goto, nothing left to do" plain_control
  check "the recipes name each column of their tables" all_recipes
  check "files have at most 400 lines" file_size 400
  check "functions have at most 60 lines" function_size 60
  check "the library cannot print or end the process" linked
  check "the library exports ebb_* only" exported
  note "functions above 40 lines" function_size 40
}

lines() { local i; for ((i = 0; i < $1; i++)); do echo "$2"; done; }

# plant FILE TEXT check...: appends TEXT to FILE; the check must find more than before.
plant() {
  local file=$1 text=$2 before after; shift 2
  before=$("$@")
  if [[ -e $file ]]; then cp "$file" kept; fi
  mkdir -p "${file%/*}"
  printf '%s\n' "$text" >>"$file"
  strip "$file"
  after=$("$@")
  if [[ -e kept ]]; then mv kept "$file"; strip "$file"; else rm "$file"; fi
  if [[ $after != "$before" ]]; then echo "ok - caught in $file: $*"; return; fi
  echo "not ok - passed in $file: $*"; failed=$((failed + 1))
}

prove() {
  plant host/base/error.c '#include "nn/spec.h"' include_order
  plant host/data/stray.h '#include <ebb/device.h>' include_order
  plant host/cli/stray.c '#include "base/text.h"' include_order
  plant host/nn/spec.c 'int f(void) { return clFinish(0); }' opencl_calls
  plant host/check/replay.c 'void f(ebb_device *d, ebbi_exec *e) { ebbi_device_set_exec(d, e); }' default_exec
  plant host/gemm/precision.c 'void f(ebb_device *d) { (void)ebb_device_set_width(d, 4); }' default_exec
  plant include/ebb/ops.h '#include <CL/cl.h>' public_headers
  plant host/data/encoder_json.c 'void f(json_t *j) { json_object_set_new(j, "a", 0); }' raw_json
  plant host/gemm/tuned.c 'json_t *f(void) { return json_loads("", 0, 0); }' raw_json
  plant host/ops/stray.c '/* a */' listed
  plant host/ops/strays/stray.c '/* a */' listed
  plant host/train/setup.c 'int f(ebb_optimizer *o) { return o->kind == EBB_OPT_SGD; }' rows_of_tables
  plant host/check/rounding.c 'int f(ebb_loss l) { switch (l.kind) { case EBB_LOSS_MSE: return 1; } }' rows_of_tables
  plant host/check/estimate.c 'int f(ebb_activation a) { switch (a) { case EBB_ACT_TANH: return 1; } }' rows_of_tables
  plant kernels/update.cl '__kernel void f() { sgd(); }' rows_of_tables
  plant kernels/loss.cl 'double x; /* one */' kernel_floor
  plant kernels/loss.cl 'x = atomic_cmpxchg(a, b, c);' float_atomics
  plant host/device/CMakeLists.txt 'x(-cl-fast-relaxed-math)' fast_math
  plant include/ebb/stray.h 'int x;' opening_comment
  plant host/nn/spec.c 'void f(void) { goto end; }' plain_control
  plant host/nn/kind.h "$(printf 'typedef struct ebbi_kind {\n  bool (*stray)(int x), other;\n} ebbi_kind;')" all_recipes
  plant host/nn/spec.h "$(lines 400 'x();')" file_size 400
  plant host/nn/spec.c "$(echo 'void f(void) {'; lines 60 '  x();'; echo '}')" function_size 60
  local folder; folder=$(mktemp -d)
  echo '#include <stdio.h>
    void other(void); void other(void) { puts(""); }' | cc -shared -fPIC -o "$folder/libbad.so" -xc -
  library=$folder/libbad.so
  [[ $(linked) == puts && $(exported) == other ]] && echo "ok - caught: printing and exports" ||
    { echo "not ok - a library that prints and exports passes"; failed=$((failed + 1)); }
  rm -r "$folder"
}

stripped=$(mktemp -d)
trap 'rm -r "$stripped"' EXIT
prepare() { strip $(sources "c h cl" host kernels) $(build_files); }
if [[ $1 == --prove ]]; then
  cd "$2"
  mkdir "$stripped/copy"
  cp -r CMakeLists.txt CMakePresets.json CONTRIBUTING.md run host kernels include tests bench examples "$stripped/copy"
  cd "$stripped/copy"
  prepare
  prove
else
  library=${2:+$(realpath "$2")}
  cd "$1"
  prepare
  check_all
fi
exit $((failed > 0))
