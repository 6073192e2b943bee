#!/usr/bin/env bash
# Each public header alone, compiled strictly as C99 and as C++11: a user includes what he needs, in
# any order, with warnings on. headers.sh ROOT CC [CXX]
set -uo pipefail
export LC_ALL=C
cd "$1" || exit 1
cc=$2 cxx=${3-}
failed=0

# strict HEADER compiler flags...
strict() {
  local header=$1 found; shift
  if found=$("$@" -pedantic-errors -Wall -Wextra -Wshadow -Werror -Iinclude -fsyntax-only - \
    <<<"#include <ebb/$header>" 2>&1); then
    echo "ok - $header $*"
  else
    echo "not ok - $header $*"; sed 's/^/    /' <<<"$found"
    failed=1
  fi
}

for path in include/ebb/*.h; do
  strict "${path##*/}" "$cc" -xc -std=c99 -Wstrict-prototypes
  if [[ -n $cxx ]]; then strict "${path##*/}" "$cxx" -xc++ -std=c++11; fi
done
[[ -n $cxx ]] || echo "# no C++ compiler: C++ is left out"
exit $failed
