#!/usr/bin/env bash
# bench/gpu.sh on a CPU: its dry run, with and without peers, and what it leaves behind when a part
# fails, time runs out, a signal comes or nothing can be run. Peers, and the tool where nothing is
# to be computed, are stand-ins with made-up times.
#
# gpu.sh ROOT BUILD
set -uo pipefail
cd "$1" || exit 1
build=$(realpath "$2")
command -v python3 >/dev/null || { echo "python3 is not installed"; exit 77; }
[[ -x $build/bench/bench_matmul ]] || { echo "$build has no benchmarks"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DEVICE EBB_DEVICE EBB_MATMUL EBB_BENCH_PYTHON
export PYTHONDONTWRITEBYTECODE=1
failed=0

holds() {
  local what=$1; shift
  if "$@" >/dev/null 2>&1; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# dry CODE arguments...: a dry run that ends with this code; its result is then `result`. `elapsed`:
# the seconds that it believes to have run for.
result=$work/out/result.md
dry() {
  local code=$1 got; shift
  env SECONDS="${elapsed-0}" bench/gpu.sh --dry-run --out "$work/out" "$@" >"$work/log" 2>&1
  got=$?
  holds "code $code: gpu.sh $*" test "$got" == "$code"
  [[ $got == "$code" ]] || tail -n 20 "$work/log"
}

has() { holds "the result has: $1" grep -qE -- "$1" "$result"; }

# A tool whose `verify` does as it is told, and which has --precision.
mkdir -p "$work/fake/host/cli"
cat >"$work/fake/host/cli/ebb" <<'END'
#!/usr/bin/env bash
case $1 in
  --version) echo 'ebb 0' ;;
  devices) echo '[]' ;;
  verify) [[ -z ${FAKE_START-} ]] || { : >"$FAKE_START"; sleep 600; }; echo 'kernel x: wrong'; exit "${FAKE_CODE-0}" ;;
  bench) echo '{"version": "0", "device": "d", "platform": "p", "driver": "1",
    "results": [{"layout": "nn", "ms_median": 2}, {"layout": "nt", "ms_median": 4}, {"layout": "tn", "ms_median": 1}]}' ;;
esac
END
# An interpreter whose PyTorch is a stand-in: every repetition takes 2 ms.
cat >"$work/python" <<'END'
#!/usr/bin/env bash
[[ $1 == *torch_* ]] || exec python3 "$@"
echo "ready stand-in of ${1##*/} ${*:3}"
while read -r word count _; do
  if [[ $word == case ]]; then echo ok; else awk -v n="$count" 'BEGIN { print n * 0.002 }'; fi
done
END
# A `timeout` whose time is over at once.
mkdir "$work/late"
cat >"$work/late/timeout" <<'END'
#!/usr/bin/env bash
if [[ $1 == -k ]]; then exit 124; fi
"${@:2}"
END
chmod +x "$work/fake/host/cli/ebb" "$work/python" "$work/late/timeout"

dry 0 --use "$build" --parts tune,matmul,step,elementwise,precision,suite
has '^\| tune \| went well '
holds 'what was tuned is kept in a folder of the run' compgen -G "$work/out/ebb-cache/ebb/tune/*.json"
for peer in cublas cublas_tf32 pytorch_cuda pytorch_graph cuda_copy; do has "^\| $peer \|.*skipped: "; done
has '^\| precision \| skipped .*has no matrix unit that ebb can use'
has '^\| suite \| went well '
has 'No figure here is of a GPU'
has '"step","784-128-10 b32 adam"'
holds 'no goal is measured' test "$(grep -c '| not measured | not measured | not measured | not measured |$' "$result")" == 9

EBB_BENCH_PYTHON=$work/python dry 0 --use "$build" --parts matmul,step,elementwise
for peer in cublas cublas_tf32 pytorch_cuda pytorch_graph cuda_copy; do has ",\"$peer\",\"stand-in of torch_.*\",7,2,2,2,"; done
has 'stand-in of torch_step.py cuda graph'
holds 'a processor reaches no goal' test "$(grep -c 'not measured |$' "$result")" == 9

EBB_BENCH_PYTHON=$work/python dry 0 --use "$work/fake" --parts precision
has '^\| precision \| went well \| [0-9]+ \| 24 rows'
has ',tf32,tf32 2048,nn,2048,2048,2048,,,cublas_tf32,.*,5,2.0,.*,1.0,1.0,1.0,'
has ',bf16,bf16 4096,nt,4096,4096,4096,,,cublas_bf16,.*,5,2.0,.*,0.5,0.5,0.5,'

FAKE_CODE=5 dry 1 --use "$work/fake" --parts verify
has '^\| verify \| failed \| [0-9]+ \| code 5: kernel x: wrong'
PATH=$work/late:$PATH dry 0 --use "$work/fake" --parts verify
has '^\| verify \| out of time '
elapsed=10 dry 0 --use "$work/fake" --budget 11 --parts precision
has '^\| precision \| skipped \| 0 \| no time is left'
printf '#!/bin/sh\necho "version GLIBC_9.9 not found" >&2; exit 1\n' >"$work/fake/host/cli/ebb2"
mkdir -p "$work/old/host/cli" && mv "$work/fake/host/cli/ebb2" "$work/old/host/cli/ebb" && chmod +x "$work/old/host/cli/ebb"
dry 1 --use "$work/old"
has 'does not run: version GLIBC_9.9 not found; .*here is glibc'
dry 2 --parts zzz
bench/gpu.sh --out "$work/out" --use "$work/fake" >/dev/null 2>&1
holds 'no GPU: code 1' test $? == 1
has '^\| device \| failed .*no GPU'
dry 2 --budget 0

# A driver of which no ICD file tells, only ldconfig: PoCL as NVIDIA's. Its device counts if asked for.
pocl=$(cat /etc/OpenCL/vendors/pocl.icd 2>/dev/null)
if [[ -n $pocl ]]; then
  [[ $pocl == /* ]] || pocl=$(find /usr/lib* -name "$pocl" 2>/dev/null | head -n 1)
fi
if [[ -f $pocl ]]; then
  mkdir "$work/bin" && printf '#!/bin/sh\necho "	libnvidia-opencl.so.1 (libc6,x86-64) => %s"\n' "$pocl" >"$work/bin/ldconfig"
  chmod +x "$work/bin/ldconfig"
  EBB_DEVICE=cpu PATH=$work/bin:$PATH bench/gpu.sh --out "$work/out" --use "$build" --parts precision >/dev/null 2>&1
  has '^- device: (pthread|cpu)-' # as PoCL 3 and 6 call it
  has "^- OpenCL: OCL_ICD_VENDORS=$work/out/vendors, EBB_DEVICE=cpu"
  holds 'the ICD file names the library' test "$(cat "$work/out/vendors/nvidia.icd")" == "$pocl"
fi

FAKE_START=$work/verifies bench/gpu.sh --dry-run --out "$work/out" --use "$work/fake" --parts verify >/dev/null 2>&1 &
running=$!
until [[ -e $work/verifies ]] || ! kill -0 $running; do sleep 0.1; done
kill $running; wait $running
has '^\| run \| stopped '

# The goals from figures, made up, of a device that is no processor; and the documents' table.
mkdir "$work/made"
python3 - "$work/made" <<'END'
import csv, sys
fields = next(csv.reader(open("bench/gpu_precision.py").read().split('FIELDS = (')[1].split(')')[0]
              .replace('"', '').replace("\n", "").replace(" ", "").splitlines()))
rows = [("matmul", "square", "square 2048", "nn", 2048, "", "cublas", 0.9),
        ("matmul", "square", "square 4096", "nn", 4096, "", "cublas", 0.8),
        ("matmul", "square", "square 512", "nn", 512, "", "cublas", 0.1),
        ("matmul", "mlp", "a", "nn", 64, "", "cublas", 0.4), ("matmul", "mlp", "b", "nn", 64, "", "cublas", 2.5),
        ("step", "step", "784-512-512-10 b64 adam", "", "", 64, "pytorch_cuda", 3),
        ("step", "step", "784-512-512-10 b8192 adam", "", "", 8192, "pytorch_cuda", 1.25)]
with open(sys.argv[1] + "/m.csv", "w", newline="") as file:
    out = csv.DictWriter(file, fields, restval="")
    out.writeheader()
    for bench, group, case, layout, m, batch, who, ratio in rows:
        out.writerow(dict(date="d", machine="x", device="y", driver="z", bench=bench, group=group, case=case, layout=layout,
                          m=m, n=m, k=m, batch=batch, contestant=who, samples=3, ms_median=1,
                          ratio_ours_over_it=ratio, ratio_p10=ratio, ratio_p90=ratio))
END
result=$work/made/report
python3 bench/gpu_report.py "$work/made" >"$result"
has '^\| squares 2048, 4096 .* \| 0.85×, worst \| 2 \| 0.85× \| 0.80× \(0.80–0.80\): square 4096 .* \| no \|'
has '^\| MLP .*cuBLAS fp32 \| 0.80×, geomean \| 2 \| 1.00× \| 0.40× .* \| yes \|'
has '^\| step .*64–1024, against PyTorch eager \| 2.50×, worst \| 1 \| 3.00× .* yes \|'
has '^\| step .*8192.* \| 1.25× .* yes \|'
has '^\| elementwise .* \| not measured \|$'
holds "docs/benchmarks.md has the goals" python3 bench/gpu_report.py --check
if command -v shellcheck >/dev/null; then holds shellcheck shellcheck -x bench/gpu.sh; fi
exit $failed
