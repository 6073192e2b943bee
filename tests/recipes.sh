#!/usr/bin/env bash
# The recipes of CONTRIBUTING.md, followed mechanically: every patch in recipes/ adds a toy to a copy of
# the tree. It touches no more files than the recipe promises, builds, is verified, trains, and is
# taken out again, which leaves the tree as it was.
#
# recipes.sh ROOT [NAME...]     NAME: that of a patch, without .patch; all of them if none is given
#
# A patch opens with what is to be done with it:
#   Name: WORD              what `ebb verify` must mention
#   Files: N                the most files that it may touch, documents apart
#   Model: SPEC             a network that has the toy, without its input's and output's sizes
#   Train: OPTIONS          of `ebb train`
#   Test: NAME              a cmocka program with a row for the toy; may be left out
# The tree is built once, without optimisation, and after a patch only what it touches.
# shellcheck disable=SC2317 # holds gets functions by name
set -euo pipefail
export LC_ALL=C EBB_DEVICE=cpu
root=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CEILING_DIRECTORIES=$work # git apply takes the copy for no repository
failed=0

# holds WHAT COMMAND...: a check is that the command succeeds.
holds() {
  local what=$1
  shift
  if "$@" >"$work/log" 2>&1; then echo "ok - $recipe: $what"; else
    echo "not ok - $recipe: $what"
    tail -n 25 "$work/log" | cut -c1-300 | sed 's/^/    /'
    failed=1
    return 1
  fi
}

header() { sed -n "/^diff /q; s/^$1: *//p" "$patch"; }
touched() { sed -n 's,^+++ [^/]*/,,p' "$patch" | grep -v '^docs/\|\.md$'; }

few_enough() {
  touched
  echo "$(touched | wc -l) files, $(header Files) at most"
  (($(touched | wc -l) <= $(header Files)))
}

configured() {
  cmake -G Ninja -S "$work/tree" -B "$work/build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O0 \
    -DEBB_WERROR=ON -DEBB_BUILD_BENCH=OFF
}
# shellcheck disable=SC2046 # one program or none
built() { cmake --build "$work/build" -j "$(nproc)" -t ebb_tool $(header Test); }
applied() { (cd "$work/tree" && git apply "$@" "$patch"); }

# A training ends in a model that says what it is and evaluates.
trains() {
  # shellcheck disable=SC2046 # they are words
  "$ebb" train --data "$root/examples/iris.csv" --model "$(header Model)" $(header Train) --out "$work/model" --quiet &&
    "$ebb" info "$work/model" | grep -qx "spec  *4-$(header Model)-3" &&
    "$ebb" eval "$work/model" --data "$root/examples/iris.csv" --quiet
}

# The kernels pass their checks, the toy's among them, and so does the trained network.
verified() {
  "$ebb" verify "$work/model" >"$work/checks" && grep "$(header Name)" "$work/checks" && return
  grep -v '^ok' "$work/checks"
  false
}

follow() {
  holds "touches few files" few_enough
  holds "applies" applied || return 0
  if holds "builds" built; then
    [ -z "$(header Test)" ] || holds "its row of $(header Test) passes" "$work/build/tests/$(header Test)" || true
    if holds "trains" trains; then holds "is verified" verified || true; fi
  fi
  holds "is taken out" applied --reverse
  holds "leaves the tree as it was" diff -r "$work/tree" "$work/before"
}

mkdir "$work/tree"
tar -C "$root" --exclude=./build --exclude=./.git --exclude=./shared -cf - . | tar -C "$work/tree" -xf -
cp -r "$work/tree" "$work/before"
ebb=$work/build/host/cli/ebb recipe=tree
[ $# -gt 0 ] || for patch in "$root"/tests/recipes/*.patch; do set -- "$@" "$(basename "$patch" .patch)"; done
holds "configures" configured
for recipe in "$@"; do
  patch=$root/tests/recipes/$recipe.patch
  follow || true
done
exit $failed
