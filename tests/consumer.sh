#!/usr/bin/env bash
# ebb as other projects use it: installed into a folder that is then moved, where the tool runs and
# another program is built with find_package and with pkg-config; and as a subproject of another
# project.
#
# consumer.sh ROOT BUILD          with the library in BUILD
# consumer.sh ROOT static         with a static library, from a configuration without cmocka
# consumer.sh ROOT subproject     built by the other project, on a system without popt
#
# Builds without optimisation: speed does not matter here.
set -euo pipefail
root=$(realpath "$1") build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset LD_LIBRARY_PATH

quiet() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "not ok - $*"; exit 1; }; }

# holds WHAT command...: the check WHAT is that the command succeeds.
holds() {
  local what=$1; shift
  if "$@"; then echo "ok - $what"; else cat "$work/log"; echo "not ok - $what"; exit 1; fi
}

configure() { quiet cmake -G Ninja -DCMAKE_BUILD_TYPE=Debug "$@"; }
build() { quiet cmake --build "$1" -j "$(nproc)"; }

# only PACKAGE...: from here on pkg-config knows these packages alone.
only() {
  local package
  mkdir "$work/packages"
  for package; do ln -s "$(pkg-config --variable=pcfiledir "$package")/$package.pc" "$work/packages"; done
  export PKG_CONFIG_LIBDIR=$work/packages
}

has_no_rules() { ! grep -rqs 'include/ebb\|libebb' --include=cmake_install.cmake "$1"; }

as_subproject() {
  only jansson
  configure -S "$root/tests/consumer/subproject" -B "$work/build" -DFETCHCONTENT_SOURCE_DIR_EBB="$root"
  build "$work/build"
  holds 'a program in whose project ebb is, built without popt' "$work/build/program"
  holds 'nothing of ebb is installed with it' has_no_rules "$work/build"
}

if [[ $build == subproject ]]; then as_subproject; exit; fi

static=()
if [[ $build == static ]]; then
  static=(--static) build=$work/build
  (
    only jansson popt
    configure -S "$root" -B "$build" -DBUILD_SHARED_LIBS=OFF -DEBB_BUILD_BENCH=OFF
    holds 'one line tells that the tests are left out' test "$(grep -c 'cmocka' "$work/log")" == 1
    holds 'and they are' test ! -e "$build/tests"
  )
  build "$build"
fi

quiet cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix"
prefix=$work/prefix
libdir=$(dirname "$(find "$prefix" -name 'libebb.*' | head -n 1)")

cd /
holds 'the installed tool runs' quiet "$prefix/bin/ebb" help
holds 'the licence is installed' cmp "$root/LICENSE" "$prefix/share/doc/ebb/LICENSE"

configure -S "$root/tests/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$prefix"
build "$work/consumer"
holds find_package "$work/consumer/program"

export PKG_CONFIG_PATH=$libdir/pkgconfig
flags=$(pkg-config "${static[@]}" --cflags --libs ebb)
# shellcheck disable=SC2086
quiet cc -std=c99 -o "$work/by-pkg-config" "$root/tests/consumer/main.c" $flags \
  -Wl,-rpath,"$(pkg-config --variable=libdir ebb)"
holds pkg-config "$work/by-pkg-config"
