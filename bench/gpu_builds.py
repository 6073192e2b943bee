"""What the compiler said of each program, from the log of the layer bench/build_log.c, as a table.

NVIDIA's report has a line for each kernel that ends in its registers, and one before it with the bytes
of stack and spills. Other compilers say nothing; the columns of the OpenCL API are there anyway.
"""
import re

import report

HEAD = ["kernel", "form", "registers", "stack", "spilled", "local", "private", "group", "most", "s"]
TILE = ("TILE_ROWS", "TILE_COLS")
DEPTH, PART = ("STEPS", "WORDS"), (("ITEM_ROWS", "WARP_ROWS"), ("ITEM_COLS", "WARP_COLS"))


def first(options, names):
    return next((options[name] for name in names if name in options), "")


def form_of(text):
    """The tile as ebb calls it, and the precision."""
    options = dict(re.findall(r"-D(\w+)=(\S+)", text))
    precision = re.search(r"-DPRECISION_(\w+)", text)
    tile = "x".join([first(options, [name]) for name in TILE] + [first(options, DEPTH)])
    part = "x".join(first(options, names) for names in PART)
    return " ".join(filter(None, [precision and precision[1].lower(), tile if tile != "xx" else "",
                                  part if part != "x" else ""]))


def row_of(seconds, options, lines):
    """A program's row; a program has one kernel."""
    text = "\n".join(lines)
    kernel = re.search(r"^kernel (\w+) group (\d+) most (\d+) local (\d+) private (\d+)", text, re.M)
    stack = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", text)
    registers = re.search(r"Used (\d+) registers", text)
    name, group, most, local, private = kernel.groups() if kernel else ("–",) * 5
    return [name, form_of(options), registers[1] if registers else "–", stack[1] if stack else "–",
            str(int(stack[2]) + int(stack[3])) if stack else "–", local, private, group, most, seconds]


def read(path):
    """Rows of the programs that were built, and the lines about those that were not."""
    rows, refused, device = [], [], ""
    blocks = re.split(r"^== ", path.read_text(encoding="utf-8", errors="replace"), flags=re.M)[1:]
    for block in blocks:
        head, *lines = block.splitlines()
        built = re.match(r"built (-?\d+) seconds (\S+) options (.*)", head)
        if not built:
            device = head
        elif built[1] == "0":
            rows.append(row_of(built[2], built[3], lines))
        else:
            refused.append(f"- error {built[1]}, {form_of(built[3])}: {' '.join(lines)[:300]}")
    return rows, refused, device


def section(path):
    if not path.exists():
        return "## Builds\n\nNone are logged."
    rows, refused, device = read(path)
    seconds = sum(float(row[-1]) for row in rows)
    slowest = {tuple(row[:-1]): row for row in sorted(rows, key=lambda row: float(row[-1]))}
    shown = sorted(slowest.values(), key=lambda row: (row[1], row[0]))
    told = (f"{len(rows)} programs built, {len(refused)} refused, {seconds:.1f} s of compiling. Of "
            f"programs with the same figures the slowest is shown.\n\n{device}\n\n")
    return f"## Builds\n\n{told}{report.table(HEAD, shown)}\n" + "\n".join(refused)
