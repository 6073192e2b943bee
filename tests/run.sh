#!/usr/bin/env bash
# ./run with unknown words: usage, exit code 2, and nothing is done. It runs in an empty folder,
# where any effect would show. run.sh ROOT
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
refused fuzz x
refused fuzz 0
refused fuzz 10s
refused fuzz 1 2
refused frob
if ./run | grep -q '^Usage: '; then echo "ok - ./run alone prints its verbs"; else echo "not ok - ./run alone"; failed=1; fi

# A fuzzer that says what libFuzzer says, and finds something on its second target.
mkdir -p programs
cat >programs/fuzz_csv <<'END'
#!/usr/bin/env bash
for word; do case $word in -artifact_prefix=*) prefix=${word#*=} ;; -max_total_time=*) seconds=${word#*=} ;; esac; done
echo '#2	INITED cov: 10 ft: 12 corp: 1/1b exec/s: 0 rss: 1Mb'
echo '#1234	NEW    cov: 17 ft: 20 corp: 2/9b lim: 4 exec/s: 0 rss: 1Mb L: 8/8 MS: 1 InsertByte-'
if [[ $0 == *spec ]]; then
  echo x >"${prefix}crash-1"
  echo "artifact_prefix='$prefix'; Test unit written to ${prefix}crash-1"
fi
echo "stat::number_of_executed_units: ${seconds}000"
[[ $0 != *spec ]] || exit 77
END
chmod +x programs/fuzz_csv
if "$root/tests/fuzz/fuzz.sh" 3 programs fuzzed >lines && [[ $(cat lines) == 'ok - csv: 3000 executions, coverage 17 (7 new), no finding' ]]; then
  echo "ok - fuzz.sh: a line a target"
else
  echo "not ok - fuzz.sh: $(cat lines)"; failed=1
fi
cp programs/fuzz_csv programs/fuzz_spec
if "$root/tests/fuzz/fuzz.sh" 3 programs fuzzed >lines; then
  echo "not ok - fuzz.sh: a finding, and exit 0"; failed=1
elif grep -q '^ok - csv' lines && grep -q '^not ok - spec: .* finding: fuzzed/findings/spec-crash-1$' lines && [[ -s fuzzed/findings/spec-crash-1 ]]; then
  echo "ok - fuzz.sh: a finding is kept and named"
else
  echo "not ok - fuzz.sh: $(cat lines)"; failed=1
fi
exit $failed
