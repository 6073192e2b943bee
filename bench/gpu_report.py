#!/usr/bin/env python3
"""What a GPU run says about the goals: a table for bench/gpu.sh's result and for docs/benchmarks.md.

Usage: gpu_report.py FOLDER            FOLDER/*.csv -> the goals' table and all figures, printed
       gpu_report.py FOLDER --publish  the table into docs/benchmarks.md, FOLDER/result.md beside it
       gpu_report.py --check           is the documents' table one of these goals?

Ratios are of medians, ebb's speed over the other's, with the 10th and 90th percentile of the rounds'
own ratios. A goal is about the geometric mean of its cases or about each of them, that is the worst.
Rows of a processor are no GPU's: they are left out, so that a dry run fills no table.
"""
import pathlib
import sys

import report

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench/gpu.sh: goals -->", "<!-- bench/gpu.sh: end -->"
PROCESSORS = ("Portable Computing Language", "Oclgrind", "Intel(R) OpenCL,")
HEAD = ["goal", "at least", "cases", "geomean", "worst (p10–p90)", "reached"]
NETWORK = "784-512-512-10 "


def step(row, contestant, low, high):
    return (row["bench"] == "step" and row["contestant"] == contestant and
            row["case"].startswith(NETWORK) and low <= int(row["batch"]) <= high)


def product(row, contestant):
    return row["bench"] == "matmul" and row["contestant"] == contestant


def mlp(row, contestant):
    return product(row, contestant) and row["group"] == "mlp"


# What is compared, the least ratio, of the geometric mean or of the worst case, and whose rows.
GOALS = [
    ("squares 2048, 4096 against cuBLAS fp32", 0.85, "worst",
     lambda r: product(r, "cublas") and r["group"] == "square" and int(r["m"]) >= 2048),
    ("MLP training shapes against cuBLAS fp32", 0.80, "geomean", lambda r: mlp(r, "cublas")),
    ("MLP training shapes against CLBlast", 1.5, "geomean", lambda r: mlp(r, "clblast")),
    ("tf32 squares against cuBLAS tf32", 0.55, "worst",
     lambda r: r["bench"] == "precision" and r["contestant"] == "cublas_tf32"),
    ("bf16 squares against cuBLAS bf16", 0.55, "worst",
     lambda r: r["bench"] == "precision" and r["contestant"] == "cublas_bf16"),
    ("step 784-512-512-10, batch 64–1024, against PyTorch eager", 2.5, "worst",
     lambda r: step(r, "pytorch_cuda", 64, 1024)),
    ("step 784-512-512-10, batch 64–1024, against PyTorch's CUDA graph", 1.0, "worst",
     lambda r: step(r, "pytorch_graph", 64, 1024)),
    ("step 784-512-512-10, batch 8192, against PyTorch eager", 1.0, "worst",
     lambda r: step(r, "pytorch_cuda", 8192, 8192)),
    ("elementwise against the device's copy bandwidth", 0.9, "worst",
     lambda r: r["bench"] == "elementwise" and r["contestant"] == "cuda_copy"),
]


def on_gpu(row):
    return bool(row["ratio_ours_over_it"]) and not row["driver"].startswith(PROCESSORS)


def goal_row(goal, rows):
    text, least, kind, belongs = goal
    mine = [row for row in rows if on_gpu(row) and belongs(row)]
    head = [text, f"{least:.2f}×, {kind}"]
    if not mine:
        return head + ["not measured"] * 4
    middle = report.geomean([float(row["ratio_ours_over_it"]) for row in mine])
    worst = min(mine, key=lambda row: float(row["ratio_ours_over_it"]))
    judged = middle if kind == "geomean" else float(worst["ratio_ours_over_it"])
    return head + [str(len(mine)), f"{middle:.2f}×",
                   f"{report.ratio(worst)}: {report.case_of(worst)}",
                   "yes" if judged >= least else "no"]


def goals(rows):
    return report.table(HEAD, [goal_row(goal, rows) for goal in GOALS])


def figures(rows):
    parts = [report.summary(rows), report.contestants(rows)]
    for bench in report.unique(row["bench"] for row in rows):
        if any(row["bench"] == bench and row["case"] for row in rows):
            parts.append(f"### {bench}\n\n{report.details(rows, bench)}")
    return "\n".join(parts)


def read(folder):
    return report.read(folder) if list(folder.glob("*.csv")) else []


def block(text):
    """What stands in the document between the marks, and what stands around it."""
    before, begin, rest = text.partition(BEGIN)
    inside, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"gpu_report.py: {DOCUMENT} has no place for the table: {BEGIN} … {END}")
    return before, inside, after


def publish(folder, rows):
    measured = [row for row in rows if on_gpu(row)]
    if not measured:
        sys.exit(f"gpu_report.py: {folder} holds no figure of a GPU; nothing is published")
    first = measured[0]
    beside = DOCUMENT.with_name(f"benchmarks-gpu-{first['date']}.md")
    beside.write_text((folder / "result.md").read_text(encoding="utf-8"), encoding="utf-8")
    before, _, after = block(DOCUMENT.read_text(encoding="utf-8"))
    told = f"{first['date']}: {first['device']}, {first['driver']}. [All of it]({beside.name})."
    DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n\n{goals(rows)}{END}{after}", encoding="utf-8")
    print(f"written: {DOCUMENT}, {beside}")


def check():
    """The documents name these goals, in this order, each with its least ratio."""
    _, inside, _ = block(DOCUMENT.read_text(encoding="utf-8"))
    found = [line.split(" | ")[:2] for line in inside.splitlines() if line.startswith("| ")][1:]
    want = [[f"| {row[0]}", row[1]] for row in (goal_row(goal, []) for goal in GOALS)]
    if found != want:
        sys.exit(f"gpu_report.py: {DOCUMENT} does not hold the goals of this script: see --publish")


def main():
    if sys.argv[1:] == ["--check"]:
        check()
    elif len(sys.argv) == 2 or (len(sys.argv) == 3 and sys.argv[2] == "--publish"):
        folder = pathlib.Path(sys.argv[1])
        rows = read(folder)
        if len(sys.argv) == 3:
            publish(folder, rows)
        else:
            print(f"## Goals\n\n{goals(rows)}\n## Figures\n\n{figures(rows) if rows else 'None.'}")
    else:
        sys.exit(__doc__.split("\n\n")[1])


main()
