#!/usr/bin/env bash
# Installs ebb into a folder of its own, moves that folder, and builds and runs a stranger's program
# against it: by find_package and by pkg-config.
#
# consumer.sh ROOT BUILD          with the library that BUILD holds
# consumer.sh ROOT static         with a static library, configured and built for the purpose
set -euo pipefail
root=$(realpath "$1") build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quiet() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; echo "not ok - $*"; exit 1; }; }

static=()
if [[ $build == static ]]; then
  static=(--static) build=$work/build
  quiet cmake -S "$root" -B "$build" -G Ninja -DBUILD_SHARED_LIBS=OFF -DEBB_BUILD_TESTS=OFF -DEBB_BUILD_BENCH=OFF
  quiet cmake --build "$build" -j "$(nproc)"
fi

quiet cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix"
prefix=$work/prefix
libdir=$(dirname "$(find "$prefix" -name 'libebb.*' | head -n 1)")

cd /
"$prefix/bin/ebb" help >/dev/null
echo "ok - the installed tool runs"

quiet cmake -S "$root/tests/consumer" -B "$work/consumer" -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
quiet cmake --build "$work/consumer"
"$work/consumer/consumer"
echo "ok - find_package"

export PKG_CONFIG_PATH=$libdir/pkgconfig
flags=$(pkg-config "${static[@]}" --cflags --libs ebb)
# shellcheck disable=SC2086
quiet cc -std=c99 -o "$work/by-pkg-config" "$root/tests/consumer/main.c" $flags
LD_LIBRARY_PATH=$libdir "$work/by-pkg-config"
echo "ok - pkg-config"
