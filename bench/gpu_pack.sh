# shellcheck shell=bash disable=SC2154 # pack and made are gpu.sh's
# Building for bench/gpu.sh, and packing the build; sourced by it.
#
# Such a machine often has the driver and PyTorch, and lacks what ebb is built with. So `--pack`,
# run on a machine that has it, puts the programs and the libraries they need, except libc, into an
# ignored folder of this checkout; a run that cannot build uses that folder. Paths within are
# relative to the programs ($ORIGIN). Rejected: LD_LIBRARY_PATH, which would make Python load our
# libraries too. Libraries that a driver may need in a newer version, and that nearly every system has,
# lie apart, in lib/spare: a process loads one of a name.

# What of cmake, a compiler and the headers is not here; nothing if all is.
lacking() {
  local name list=()
  for name in cc cmake ninja pkg-config; do command -v "$name" >/dev/null || list+=("$name"); done
  for name in CL/cl.h jansson.h popt.h zip.h zlib.h Random123/philox.h xxhash.h; do
    cc -E -xc - <<<"#include <$name>" >/dev/null 2>&1 || list+=("$name")
  done
  cc -E -xc - <<<$'#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <cmocka.h>' \
    >/dev/null 2>&1 || list+=(cmocka.h)
  echo "${list[*]}"
}

# Programs that find their libraries and this checkout wherever they are moved. A plain RPATH, for a
# RUNPATH would not hold for what the libraries need in turn.
make_it() {
  local flags=-Wl,--disable-new-dtags
  cmake -S . -B "$1" -G Ninja -DCMAKE_BUILD_TYPE=Release -DEBB_BUILD_TESTS=ON -DEBB_BUILD_BENCH=ON \
    -DEBB_RUN_ROOT=. -DEBB_SHARE_TESTED=ON \
    -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON "-DCMAKE_BUILD_RPATH=\$ORIGIN/../lib;\$ORIGIN/../../lib" \
    "-DCMAKE_EXE_LINKER_FLAGS=$flags" "-DCMAKE_SHARED_LINKER_FLAGS=$flags" && cmake --build "$1"
}

version_of_glibc() { getconf GNU_LIBC_VERSION 2>/dev/null || echo 'unknown libc'; }

# The newest version of glibc that any of these files asks for.
newest_glibc() { objdump -T "$@" 2>/dev/null | grep -oE 'GLIBC_[0-9.]+' | sort -Vu | tail -n 1; }

# The libraries that programs load, but glibc's own: those belong to the loader of each machine.
libraries_of() {
  ldd "$@" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u |
    grep -vE '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util)\.so\.[0-9.]+)$'
}

make_pack() {
  local missing library
  missing=$(lacking)
  [[ -z $missing ]] || fail "--pack builds, and this machine lacks: $missing; \`./run test\` installs them"
  [[ ! -e $pack || -f $pack/manifest ]] || fail "$pack is there and is no pack; name another folder"
  echo "Building $made"
  mkdir -p build
  make_it "$made" >build/gpu-build.log 2>&1 || fail "the build failed: $(tail -n 3 build/gpu-build.log); all of it: build/gpu-build.log"
  rm -rf "$pack"
  mkdir -p "$pack"/{host/cli,bench,tests,lib/spare}
  cp "$made/host/cli/ebb" "$pack/host/cli/"
  cp "$made"/bench/{bench_{matmul,precision,elementwise,step,startup},libbuild_log.so} "$pack/bench/"
  find "$made/tests" -maxdepth 1 -name 'test_*' -type f -perm -100 -exec cp -t "$pack/tests" {} +
  for library in $(libraries_of "$made/host/cli/ebb" "$made"/tests/test_ops "$made"/bench/bench_*); do
    case $library in
      */libstdc++.so* | */libgcc_s.so* | */libz.so*) cp -L "$library" "$pack/lib/spare/" ;;
      *) cp -L "$library" "$pack/lib/" ;;
    esac
  done
  find "$pack" -type f -exec strip --strip-unneeded {} +
  { echo "commit $(commit)"
    echo "made $(date +%F) on $(version_of_glibc), $(uname -m)"
    echo "needs $(newest_glibc $(find "$pack" -type f))"
  } >"$pack/manifest"
  cat "$pack/manifest"
  echo "packed: $pack, $(du -sh "$pack" | cut -f1); it has to travel with the checkout, at this place"
  git check-ignore -q "$pack" 2>/dev/null || echo "warning: git does not ignore $pack"
}

commit() {
  local name
  name=$(git rev-parse --short HEAD 2>/dev/null) || { echo unknown; return; }
  [[ -z $(git status --porcelain --untracked-files=no 2>/dev/null) ]] || name+=' with changes'
  echo "$name"
}
