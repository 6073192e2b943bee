#!/usr/bin/env python3
"""What a GPU run says about the goals: tables for bench/gpu.sh's result and for docs/benchmarks.md.

Usage: gpu_report.py FOLDER            FOLDER/work/*.csv -> goals and all figures, printed
       gpu_report.py FOLDER --publish  the goals into docs/benchmarks.md, FOLDER/result.md beside it
       gpu_report.py --check           does the document have these goals and reasons?

Ratios are of medians, ebb's speed over the other's, with the 10th and 90th percentile of the rounds'
own ratios. A goal is about the geometric mean of its cases or about each of them, that is the worst.
Rows of a processor, or of a stand-in, are no GPU's: they are left out, so that no dry run fills a
table.
"""
import pathlib
import sys

import gpu_builds
import report

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench/gpu.sh: goals -->", "<!-- bench/gpu.sh: end -->"
OTHERS = ("blind", "Portable Computing Language", "Oclgrind", "Intel(R) OpenCL,")
HEAD = ["goal", "at least", "cases", "geomean", "worst (p10–p90)", "reached"]
NETWORK = "784-512-512-10 "


def step(row, contestant, batch):
    return (row["bench"] == "step" and row["contestant"] == contestant and
            row["case"].startswith(NETWORK) and int(row["batch"]) == batch)


def product(row, contestant):
    return row["bench"] == "matmul" and row["contestant"] == contestant


def mlp(row, contestant):
    return product(row, contestant) and row["group"] == "mlp"


def tensor_core(row, precision):
    return (row["bench"] == "precision" and row["contestant"] == "cublas" and
            row["group"] == precision and int(row["m"]) >= 2048)


# What is compared, the least ratio, of the geometric mean or of the worst case, whose rows, and why
# that much and no more.
GOALS = [
    ("squares 2048, 4096 against cuBLAS fp32", 0.90, "worst",
     lambda r: product(r, "cublas") and r["group"] == "square" and int(r["m"]) >= 2048,
     "ordinary multiply-adds bound both, and OpenCL C can say all that a CUDA kernel of this kind "
     "says: tiles in registers and local memory, vector loads. Hand-written CUDA kernels reach 0.85 "
     "to 0.95."),
    ("MLP training shapes against cuBLAS fp32", 0.80, "geomean", lambda r: mlp(r, "cublas"),
     "the batch of 64 and the layer of 10 outputs leave most of a large GPU idle; what counts there "
     "is how a product is cut, and cuBLAS has a hundred kernels to choose from, ebb a handful."),
    ("MLP training shapes against CLBlast", 1.5, "geomean", lambda r: mlp(r, "clblast"),
     "CLBlast, untuned, is at about 0.65 of cuBLAS in general, and does not split the depth, which "
     "weight gradients need."),
    ("tf32 squares against cuBLAS tf32", 0.45, "worst", lambda r: tensor_core(r, "tf32"),
     "cuBLAS uses the instructions of Hopper (`wgmma`), which NVIDIA's OpenCL compiler does not "
     "emit; by what others have measured, `mma.sync` reaches six tenths of them. Loads by way of "
     "registers cost some of that. With asynchronous copies the goal is 0.55."),
    ("bf16 squares against cuBLAS bf16", 0.45, "worst", lambda r: tensor_core(r, "bf16"),
     "as tf32. With asynchronous copies the goal is 0.55."),
    ("step 784-512-512-10, batch 64, against PyTorch eager", 2.5, "worst",
     lambda r: step(r, "pytorch_cuda", 64),
     "launches bound the step: eager PyTorch has two dozen, each behind a call from Python; ebb has "
     "8 to 16, without one."),
    ("step 784-512-512-10, batch 1024, against PyTorch eager", 1.5, "worst",
     lambda r: step(r, "pytorch_cuda", 1024),
     "products take as long as launches do, and in products ebb is not faster."),
    ("step 784-512-512-10, batch 8192, against PyTorch eager", 1.0, "worst",
     lambda r: step(r, "pytorch_cuda", 8192),
     "products take nearly all the time, at 0.8 to 0.9 of cuBLAS; what ebb fuses with them (bias, "
     "activation and its derivative, bias gradient) must make up for it."),
    ("step 784-512-512-10, batch 64, against PyTorch's CUDA graph", 1.0, "worst",
     lambda r: step(r, "pytorch_graph", 64),
     "a graph launches the step at once, which NVIDIA's OpenCL cannot: only fewer and fuller "
     "launches can match that."),
    ("elementwise against the device's copy bandwidth", 0.85, "worst",
     lambda r: r["bench"] == "elementwise" and r["contestant"] == "cuda_copy",
     "memory bounds both. Five streams instead of a copy's two, and reads that wait for arithmetic, "
     "cost about a tenth."),
]


def on_gpu(row):
    return bool(row["ratio_ours_over_it"]) and not row["driver"].startswith(OTHERS)


def goal_row(goal, rows):
    text, least, kind, belongs, _ = goal
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


def reasons():
    """Why each goal is what it is, for the document: lines of at most 120 characters."""
    lines = []
    for text, least, _, _, why in GOALS:
        line = "-"
        for word in f"*{text}, {least:.2f}*: {why}".split():
            if len(line) + 1 + len(word) > 120:
                lines.append(line)
                line = " "
            line += " " + word
        lines.append(line)
    return "\n".join(lines) + "\n"


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
    DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n\n{goals(rows)}\n{reasons()}{END}{after}",
                        encoding="utf-8")
    print(f"written: {DOCUMENT}, {beside}")


def check():
    """The document names these goals, in this order, each with its least ratio and its reason."""
    _, inside, _ = block(DOCUMENT.read_text(encoding="utf-8"))
    found = [line.split(" | ")[:2] for line in inside.splitlines() if line.startswith("| ")][1:]
    want = [[f"| {row[0]}", row[1]] for row in (goal_row(goal, []) for goal in GOALS)]
    if found != want or reasons() not in inside:
        sys.exit(f"gpu_report.py: {DOCUMENT} does not hold the goals of this script: see --publish")


def print_all(folder):
    rows, tuned = read(folder / "work"), read(folder / "work" / "tuned")
    print(f"## Goals\n\n{goals(rows)}\n## Figures\n\n{figures(rows) if rows else 'None.'}")
    if tuned:
        print(f"## After tuning\n\n{figures(tuned)}")
    print(gpu_builds.section(folder / "work" / "builds.log"))


def main():
    if sys.argv[1:] == ["--check"]:
        check()
    elif len(sys.argv) == 2:
        print_all(pathlib.Path(sys.argv[1]))
    elif len(sys.argv) == 3 and sys.argv[2] == "--publish":
        folder = pathlib.Path(sys.argv[1])
        publish(folder, read(folder / "work"))
    else:
        sys.exit(__doc__.split("\n\n")[1])


main()
