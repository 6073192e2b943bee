#!/usr/bin/env python3
"""Products in tf32 and bf16: `ebb bench matmul --precision P` against cuBLAS in the same type.

Usage: gpu_precision.py EBB CSV [SIZE...]. Writes rows of the schema of harness/record.c. The two are
sampled in turn, ROUNDS times: ebb through its tool, which checks before it times, and cuBLAS in a
worker, torch_product.py, which does so too. Exits 77, with the reason, where the device has no matrix
unit, or where there is no CUDA.
"""
import csv
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys

PRECISIONS, LAYOUTS, SIZES, ROUNDS = ("tf32", "bf16"), ("nn", "nt", "tn"), ("2048", "4096"), 5
SAMPLE = 20e-3  # seconds of a sample of cuBLAS
FIELDS = ("date,machine,device,driver,threads,bench,group,case,layout,m,n,k,batch,optimizer,"
          "contestant,version,samples,ms_median,ms_p10,ms_p90,gflops,gbps,fraction_of_peak,"
          "ratio_ours_over_it,ratio_p10,ratio_p90,note").split(",")


def skip(reason):
    print("skipped:", reason)
    sys.exit(77)


class Peer:
    """cuBLAS in a process of its own."""

    def __init__(self, precision):
        script = pathlib.Path(__file__).with_name("torch_product.py")
        python = os.environ.get("EBB_BENCH_PYTHON") or "python3"
        self.process = subprocess.Popen([python, str(script), "1", "cuda", precision], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        word, _, self.version = self.read().partition(" ")
        if word != "ready":
            skip("cuBLAS: " + self.version)

    def read(self):
        return self.process.stdout.readline().strip()

    def ask(self, text):
        print(text, file=self.process.stdin, flush=True)
        return self.read()

    def take(self, layout, size):
        answer = self.ask(f"case {layout} {size} {size} {size}")
        if not answer.startswith("ok"):
            sys.exit(f"gpu_precision.py: {layout} {size}: {answer}")
        seconds = float(self.ask("run 3")) / 3
        self.repetitions = max(1, int(SAMPLE / seconds))

    def milliseconds(self):
        self.ask(f"run {self.repetitions}")
        return 1e3 * float(self.ask(f"run {self.repetitions}")) / self.repetitions


def run_tool(tool, precision, size):
    command = [tool, "bench", "matmul", "--precision", precision, "--shape",
               f"{size}x{size}x{size}", "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        skip(f"{precision}: {' '.join(done.stderr.split())}")
    return json.loads(done.stdout)


def quantiles(values):
    values = sorted(values)
    return [values[round(q * (len(values) - 1))] for q in (0.5, 0.1, 0.9)]


def sample(tool, peer, precision, size):
    """Milliseconds of both by layout, and what the tool says of the device."""
    ours, theirs = {layout: [] for layout in LAYOUTS}, {layout: [] for layout in LAYOUTS}
    for _ in range(ROUNDS):
        result = run_tool(tool, precision, size)
        for row in result["results"]:
            ours[row["layout"]].append(row["ms_median"])
        for layout in LAYOUTS:
            peer.take(layout, size)
            theirs[layout].append(peer.milliseconds())
    return ours, theirs, result


def rows_of(precision, size, layout, ours, theirs, result, version):
    common = {"date": datetime.date.today().isoformat(), "device": result["device"],
              "driver": f"{result['platform']}, {result['driver']}", "bench": "precision",
              "group": precision, "case": f"{precision} {size}", "layout": layout, "m": size,
              "n": size, "k": size, "samples": ROUNDS}
    for name, values, release in (("ebb", ours, result["version"]),
                                  ("cublas_" + precision, theirs, version)):
        middle, low, high = quantiles(values)
        ratio = quantiles([it / our for it, our in zip(values, ours)])
        yield dict(common, contestant=name, version=release, ms_median=middle, ms_p10=low,
                   ms_p90=high, gflops=2e-6 * int(size) ** 3 / middle,
                   ratio_ours_over_it=middle / statistics.median(ours), ratio_p10=ratio[1],
                   ratio_p90=ratio[2])


def main():
    tool, path, sizes = sys.argv[1], sys.argv[2], sys.argv[3:] or SIZES
    for precision in PRECISIONS:
        run_tool(tool, precision, 64)  # skips, if need be, before cuBLAS is asked
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, FIELDS, restval="")
        out.writeheader()
        for precision in PRECISIONS:
            peer = Peer(precision)
            for size in sizes:
                ours, theirs, result = sample(tool, peer, precision, size)
                for layout in LAYOUTS:
                    out.writerows(rows_of(precision, size, layout, ours[layout], theirs[layout],
                                          result, peer.version))
                file.flush()


main()
