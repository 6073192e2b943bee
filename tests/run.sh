#!/usr/bin/env bash
# ./run with words that it does not understand: usage, exit code 2, and nothing is done. It runs in an
# empty folder, where whatever it did would be seen. run.sh ROOT
set -uo pipefail
root=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/run" "$work"
cd "$work" || exit 1
failed=0

# refused WORD...
refused() {
  local code
  ./run "$@" >out 2>err </dev/null
  code=$?
  if [[ $code == 2 && ! -s out && ! -e build ]] && grep -q '^Usage: ' err && grep -qF "./run $*" err; then
    echo "ok - refused: ./run $*"
  else
    echo "not ok - code $code: ./run $*"; tail -n 5 out err
    failed=1
  fi
}

refused demo x
refused test x
refused build x
refused bench --quik
refused bench --quick x
refused install a b
refused install --prefix
refused install ''
refused frob
if ./run | grep -q '^Usage: '; then echo "ok - ./run alone prints its verbs"; else echo "not ok - ./run alone"; failed=1; fi
exit $failed
