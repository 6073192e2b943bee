#!/usr/bin/env bash
# bench/gpu.sh on a CPU: its dry run, with and without peers; what it leaves behind when a part fails,
# time runs out, a signal comes or nothing can be run; and that a second call goes on. Peers, and the
# tool where nothing is to be computed, are stand-ins with made-up times.
#
# gpu.sh ROOT BUILD
set -uo pipefail
cd "$1" || exit 1
build=$(realpath "$2")
command -v python3 >/dev/null || { echo "python3 is not installed"; exit 77; }
[[ -x $build/bench/bench_matmul ]] || { echo "$build has no benchmarks"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DEVICE EBB_DEVICE EBB_MATMUL EBB_BENCH_PYTHON EBB_DRIVER_FOLDERS
export PYTHONDONTWRITEBYTECODE=1
failed=0

holds() {
  local what=$1; shift
  if "$@" >/dev/null 2>&1; then echo "ok - $what"; else echo "not ok - $what"; failed=1; fi
}

# gpu CODE arguments...: a run that ends with this code; `result` is what it wrote. `elapsed`: the
# seconds that it believes to have run for.
result=$work/out/result.md
gpu() {
  local code=$1 got; shift
  env SECONDS="${elapsed-0}" bench/gpu.sh --out "$work/out" "$@" >"$work/log" 2>&1
  got=$?
  holds "code $code: gpu.sh $*" test "$got" == "$code"
  [[ $got == "$code" ]] || tail -n 20 "$work/log"
}
dry() { local code=$1; shift; gpu "$code" --dry-run "$@"; }

has() { holds "the result has: $1" grep -qE -- "$1" "$result"; }
said() { holds "it says: $1" grep -qE -- "$1" "$work/log"; }

# A tool with three checks, the second of which does as it is told; it notes which were run.
mkdir -p "$work/fake/host/cli" "$work/fake/tests"
cat >"$work/fake/host/cli/ebb" <<END
#!/usr/bin/env bash
case "\$*" in
  --version) echo 'ebb 0' ;;
  devices*) echo "[{\"name\": \"d\", \"platform\": \"p\", \"type\": \"\${FAKE_TYPE-CPU}\"}]" ;;
  *--list*) printf 'kernel %s\n' one two three ;;
  'verify --only two')
    echo two >>"$work/runs"
    [[ -z \${FAKE_WAIT-} ]] || sleep 600
    [[ -z \${FAKE_DIES-} ]] || kill -SEGV \$\$
    echo "\${FAKE_WORD-ok}    kernel     two         error 1.0  bound 1.0  1x1"; exit "\${FAKE_CODE-0}" ;;
  'verify --only '*) echo "\$3" >>"$work/runs"; echo "ok    kernel     \$3          error 0.00e+00  bound 1.0  1x1" ;;
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
# A `timeout` whose time is over at once, for parts.
mkdir "$work/late"
cat >"$work/late/timeout" <<'END'
#!/usr/bin/env bash
[[ $1 != -k || $2 != 5 || $* == *survey* ]] || exit 124
[[ $1 != -k ]] || shift 2
"${@:2}"
END
chmod +x "$work/fake/host/cli/ebb" "$work/python" "$work/late/timeout"

dry 0 --use "$build" --parts tiles,tune,matmul,step,elementwise,precision,suite --copy "$work/copy"
said '^== step, at most 40 s; [0-9]+ s of 540 are left; then: matmul precision elementwise tune suite'
has '^\| tiles \| went well \| [0-9]+ \| [0-9]+ checks: [0-9]+ right, 0 wrong, 0 without an answer'
has '^[0-9]+ programs built, 0 refused'
has '^\| matmul_nn_gpu \| 32x32x16 4x4 \|'
has '^\| matmul_nn_mma \| bf16 32x32x8 16x32 \|'
has '^\| tune \| went well '
holds 'what was tuned is kept in a folder of the run' compgen -G "$work/out/work/cache/ebb/tune/*.json"
for peer in cublas pytorch_cuda pytorch_graph cuda_copy; do has "^\| $peer \|.*skipped: "; done
has '^\| precision \| went well \| [0-9]+ \| 7 rows'
has '^\| suite \| went well .* 1 passed'
has 'No figure here is of a GPU'
has '"step","784-512-512-10 b64 adam"'
holds 'no goal is measured' test "$(grep -c '| not measured | not measured | not measured | not measured |$' "$result")" == 10
holds 'the archive has the rows' tar -xOzf "$work/copy/result.tar.gz" work/step.csv
holds 'the copy is whole' cmp "$result" "$work/copy/result.md"

# A complete part is left alone, a named one runs anew, and one that lacks rows gets these.
csv=$work/out/work/matmul.csv
cp "$csv" "$work/whole"
grep -v '"nt"' "$work/whole" >"$csv"
cp "$csv" "$work/before"
rm "$work/out/work/matmul.row"
dry 0 --use "$build" --parts matmul
holds 'the rows that were there stay, the others are added' \
  test "$(head -c "$(wc -c <"$work/before")" "$csv" | cksum) $(wc -l <"$csv")" == "$(cksum <"$work/before") $(wc -l <"$work/whole")"
EBB_BENCH_PYTHON=$work/python dry 0 --use "$build" --parts matmul,step,elementwise,precision
for peer in cublas pytorch_cuda pytorch_graph cuda_copy; do has ",\"$peer\",\"stand-in of torch_.*\",7,2,2,2,"; done
has 'stand-in of torch_step.py cuda graph'
has ',"bf16","bf16 square 256","nt",256,256,256,,"","cublas",'
holds 'a processor reaches no goal' test "$(grep -c 'not measured |$' "$result")" == 10

# Other programs begin anew; what was there is put aside.
FAKE_WORD=FAIL FAKE_CODE=5 dry 1 --use "$work/fake" --parts verify
has '^\| verify \| failed \| [0-9]+ \| code 1: 3 checks: 2 right, 1 wrong, 0 without an answer'
has '^FAIL    kernel     two '
holds 'earlier results stay' test -s "$work/out/earlier-1/work/step.csv"
FAKE_DIES=yes dry 1 --use "$work/fake" --parts verify
has '3 checks: 2 right, 0 wrong, 1 without an answer'
PATH=$work/late:$PATH dry 0 --use "$work/fake" --parts verify
has '^\| verify \| out of time '
elapsed=10 dry 0 --use "$work/fake" --budget 11 --parts verify
has '^\| verify \| out of time \| 0 \| not begun'

# A call that is killed in a part: the next one ends what is left of it and does what is missing.
rm -f "$work/runs"
FAKE_WAIT=yes bench/gpu.sh --dry-run --new --out "$work/out" --use "$work/fake" --parts verify >/dev/null 2>&1 &
running=$!
until [[ $(grep -c . "$work/runs" 2>/dev/null) == 3 ]] || ! kill -0 $running; do sleep 0.1; done
kill -KILL $running; wait $running 2>/dev/null
rm -f "$work/runs"
dry 0 --use "$work/fake" --parts verify
said 'what an earlier call had left at work is ended'
has '^\| verify \| went well .*3 checks: 3 right'
holds 'one check was missing' test "$(cat "$work/runs")" == two
rm -f "$work/runs"
FAKE_WAIT=yes bench/gpu.sh --dry-run --new --out "$work/out" --use "$work/fake" --parts verify >/dev/null 2>&1 &
running=$!
until [[ $(grep -c . "$work/runs" 2>/dev/null) == 3 ]] || ! kill -0 $running; do sleep 0.1; done
kill $running; wait $running
has '^\| run \| stopped '

printf '#!/bin/sh\necho "version GLIBC_9.9 not found" >&2; exit 1\n' >"$work/old"
mkdir -p "$work/older/host/cli" && mv "$work/old" "$work/older/host/cli/ebb" && chmod +x "$work/older/host/cli/ebb"
dry 1 --use "$work/older"
has 'does not run: version GLIBC_9.9 not found; .*here is glibc'
dry 2 --parts zzz
dry 2 --budget 0
dry 2 --smoke
gpu 1 --use "$work/fake"
has '^\| device \| failed .*no GPU'
for type in $(grep -o '"[a-z]* GPU"' host/device/discovery.c | tr -d '"' | tr ' ' _); do
  FAKE_TYPE=${type/_/ } gpu 0 --use "$work/fake" --parts verify
  has '^\| verify \| went well'
done

# A driver of which no ICD file tells, and that has no name but its version's: PoCL as NVIDIA's.
pocl=$(cat /etc/OpenCL/vendors/pocl.icd 2>/dev/null)
[[ $pocl == /* ]] || pocl=$(find /usr/lib* -name "${pocl:-none}" 2>/dev/null | head -n 1)
if [[ -f $pocl ]]; then
  mkdir -p "$work/driver/deep"
  ln -s "$pocl" "$work/driver/deep/libnvidia-opencl.so.580.1"
  ln -s "$pocl" "$work/driver/deep/libcuda.so.580.1"
  EBB_DRIVER_FOLDERS=$work/driver EBB_DEVICE=cpu EBB_MATRIX_UNIT='' gpu 0 --use "$build" --parts precision
  has '^- device: (pthread|cpu)-' # as PoCL 3 and 6 call it
  has "^- OpenCL: OCL_ICD_VENDORS=$work/out/work/vendors, EBB_DEVICE=cpu"
  has '^\| precision \| skipped .*has no matrix unit that ebb can use'
  holds 'the ICD file names the library' test "$(cat "$work/out/work/vendors/nvidia.icd")" == "$(realpath "$pocl")"
  holds 'its neighbour is linked' test -e "$work/out/work/driver/libcuda.so.580.1"
fi

# The calls that it makes, against the stand-in that checks them, if that is built.
checker=$(find "$build/tests" -name libopencl_checker.so | head -n 1)
if [[ -n $checker ]]; then
  OCL_ICD_VENDORS=$checker CHECKER_PROFILE=h200 CHECKER_REPORT=$work/report EBB_BENCH_BLIND=yes EBB_MATRIX_UNIT=emulated \
    gpu 0 --smoke --use "$build" --parts tiles,step,precision
  has '^\| tiles \| went well .* 0 without an answer'
  has '"blind: NVIDIA CUDA'
  holds 'a stand-in reaches no goal' test "$(grep -c 'not measured |$' "$result")" == 10
  holds 'it made calls' grep -q 'launches [1-9]' "$work/report"
  holds 'none violates' bash -c "! grep violation '$work/report' | grep -v ' violations 0'"
fi

# The goals from figures, made up, of a device that is no processor; and the documents' table.
mkdir -p "$work/made/work"
python3 - "$work/made/work" <<'END'
import csv, re, sys
fields = "".join(re.findall(r'"(date,.*?)\\n"', re.sub(r'"\s*"', "", open("bench/harness/record.c").read()), re.S)).split(",")
rows = [("matmul", "square", "square 2048", "nn", 2048, "", "cublas", 0.95),
        ("matmul", "square", "square 4096", "nn", 4096, "", "cublas", 0.8),
        ("matmul", "square", "square 512", "nn", 512, "", "cublas", 0.1),
        ("matmul", "mlp", "a", "nn", 64, "", "cublas", 0.4), ("matmul", "mlp", "b", "nn", 64, "", "cublas", 2.5),
        ("precision", "tf32", "tf32 square 4096", "nn", 4096, "", "cublas", 0.5),
        ("precision", "tf32", "tf32 square 256", "nn", 256, "", "cublas", 0.1),
        ("step", "step", "784-512-512-10 b64 adam", "", "", 64, "pytorch_cuda", 3),
        ("step", "step", "784-512-512-10 b1024 adam", "", "", 1024, "pytorch_cuda", 1.25),
        ("step", "step", "784-512-512-10 b8192 adam", "", "", 8192, "pytorch_cuda", 1.25)]
with open(sys.argv[1] + "/m.csv", "w", newline="") as file:
    out = csv.DictWriter(file, fields, restval="")
    out.writeheader()
    for bench, group, case, layout, m, batch, who, ratio in rows:
        out.writerow(dict(date="d", machine="x", device="y", driver="z", bench=bench, group=group, case=case, layout=layout,
                          m=m, n=m, k=m, batch=batch, contestant=who, samples=3, ms_median=1,
                          ratio_ours_over_it=ratio, ratio_p10=ratio, ratio_p90=ratio))
END
cat >"$work/made/work/builds.log" <<'END'
== device H: extensions cl_x
== built 0 seconds 0.400 options -DUNIT_NVIDIA -DPRECISION_BF16 -DTILE_ROWS=128 -DTILE_COLS=128 -DWORDS=16 -DWARP_ROWS=64 -DWARP_COLS=32
kernel matmul_tn_mma group 256 most 256 local 40960 private 0
ptxas info    : Compiling entry function 'matmul_tn_mma' for 'sm_90'
ptxas info    : Function properties for matmul_tn_mma
    16 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 168 registers, used 1 barriers, 40960 bytes smem, 400 bytes cmem[0]
== built -11 seconds 0.100 options -DTILE_ROWS=8
error: no
END
result=$work/made/report
python3 bench/gpu_report.py "$work/made" >"$result"
has '^\| squares 2048, 4096 .* \| 0.90×, worst \| 2 \| 0.87× \| 0.80× \(0.80–0.80\): square 4096 .* \| no \|'
has '^\| MLP .*cuBLAS fp32 \| 0.80×, geomean \| 2 \| 1.00× \| 0.40× .* \| yes \|'
has '^\| tf32 .* \| 0.45×, worst \| 1 \| 0.50× .* yes \|'
has '^\| step .*batch 64, against PyTorch eager \| 2.50×, worst \| 1 \| 3.00× .* yes \|'
has '^\| step .*1024, against PyTorch eager .* \| 1.25× .* no \|'
has '^\| step .*8192.* \| 1.25× .* yes \|'
has '^\| elementwise .* \| not measured \|$'
has '^1 programs built, 1 refused, 0.4 s'
has '^\| matmul_tn_mma \| bf16 128x128x16 64x32 \| 168 \| 16 \| 12 \| 40960 \| 0 \| 256 \| 256 \| 0.400 \|$'
has '^- error -11, .*error: no'
holds "docs/benchmarks.md has the goals" python3 bench/gpu_report.py --check
if command -v shellcheck >/dev/null; then holds shellcheck shellcheck -x bench/gpu.sh; fi
exit $failed
