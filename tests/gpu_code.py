#!/usr/bin/env python3
"""What compilers of GPUs make of the programs that ebb builds on a large GPU; no GPU is needed.

gpu_code.py PROGRAMS [--table]: PROGRAMS is gpu_programs, which writes the programs. Compilers:
- EBB_NVCL, a command that is called as `COMMAND FILE.cl OPTIONS OUT.ptx`, compiles as NVIDIA's driver
  does, leaves OUT.cubin beside it and prints what `ptxas -v` prints. Every program must build, within
  LIMITS. With --table the tables of docs/gpu.md go to standard output.
- clang with the targets nvptx64 and amdgcn: every program must build. It knows no registers.
Exit 77: neither was found.
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REGISTERS, LOCAL, ITEMS = 65536, 48 << 10, 2048  # of a multiprocessor; local bytes are a group's
# The low 9 bits of instructions: FFMA and HMMA; BRA; LDL and STL.
UNIT = {"fp32": 0x23, "tf32": 0x3C, "bf16": 0x3C}
BRANCH, SPILLS = 0x147, (0x183, 0x187)

# Most bytes spilled outside the inner loop. Of products: the least share of FFMA or HMMA in the inner
# loop, and the least items of a multiprocessor that the registers allow.
SPILLED = 64
LIMITS = {"fp32": (0.75, 512), "tf32": (0.05, 256), "bf16": (0.03, 256)}

Program = namedtuple("Program", "path part what options")
Code = namedtuple("Code", "registers spills loop_spills local seconds math loop items")


def read_program(path):
    lines = path.read_text().split("\n", 3)[:3]
    return Program(path, *(line.split(": ", 1)[1] for line in lines))


def name_of(program):
    return program.path.stem.split("-", 1)[1]


# ---- NVIDIA's code ----


def instructions(cubin):
    """The first 8 bytes of each instruction of the kernel: of sm_70 and later, which has 16."""
    start, = struct.unpack_from("<Q", cubin, 0x28)
    count, names = struct.unpack_from("<HH", cubin, 0x3C)
    sections = [struct.unpack_from("<IIQQQQ", cubin, start + 64 * n) for n in range(count)]
    for name, _, _, _, offset, size in sections:
        if cubin.startswith(b".text.", sections[names][4] + name):
            return [word for word, _ in struct.iter_unpack("<QQ", cubin[offset:offset + size])]
    return []


def loops(code):
    """First and last instruction of each loop: a branch back, by a multiple of 4 bytes in bits 16 to
    23 and from bit 34 on."""
    for at, word in enumerate(code):
        if word & 0x1FF == BRANCH:
            far = (word >> 34) - (1 << 30 if word >> 63 else 0)
            to = at + 1 + (far * 256 + (word >> 16 & 0xFF)) // 4
            if to < at:
                yield to, at


def count(code, kinds):
    return sum(word & 0x1FF in kinds for word in code)


def main_loop(code, unit):
    """The shortest of the loops with the most instructions of the unit."""
    bodies = [code[first:last + 1] for first, last in loops(code)]
    return max(bodies, default=[], key=lambda body: (count(body, [unit]), -len(body)))


def number(pattern, text):
    found = re.search(pattern, text)
    return float(found[1]) if found else 0


def compile_nvidia(command, program, folder):
    ptx = Path(folder) / (program.path.stem + ".ptx")
    done = subprocess.run([command, program.path, program.options.replace("-cl-std=CL1.2", ""), ptx],
                          capture_output=True, text=True)
    log = done.stdout + done.stderr
    if done.returncode:
        return None, log
    unit = UNIT.get(program.what.split()[0], UNIT["fp32"])
    code = instructions(ptx.with_suffix(".cubin").read_bytes())
    loop = main_loop(code, unit)
    return Code(registers=int(number(r"Used (\d+) registers", log)),
                spills=int(number(r"(\d+) bytes spill stores", log)),
                loop_spills=count(loop, SPILLS),
                local=int(number(r"(\d+) bytes smem", log)),
                seconds=number(r"compiled in ([\d.]+) s", log) + number(r"Compile time = ([\d.]+) ms", log) / 1000,
                math=count(loop, [unit]), loop=len(loop),
                items=int(number(r"\.reqntid (\d+)", ptx.read_text()))), log


def resident(code):
    """Items of a multiprocessor that its registers allow, in whole groups."""
    groups = REGISTERS // (-(-code.registers // 8) * 8 * code.items)
    return min(groups, ITEMS // code.items) * code.items


def is_product(program):
    return program.part == "product" and name_of(program).startswith("matmul")


def faults(program, code):
    found = []
    if code.spills > SPILLED:
        found.append(f"{code.spills} bytes spilled, of {SPILLED}")
    if code.local > LOCAL:
        found.append(f"{code.local} bytes of local memory, of {LOCAL}")
    if is_product(program):
        if code.loop_spills:
            found.append(f"{code.loop_spills} instructions of the inner loop spill")
        share, items = LIMITS[program.what.split()[0]]
        if code.math < share * code.loop or not code.math:
            found.append(f"{code.math} of {code.loop} instructions multiply, the least share is {share}")
        if resident(code) < items:
            found.append(f"{code.registers} registers leave room for {resident(code)} items, of at least {items}")
    return found


def print_products(results):
    rows = {}
    for program, code in results:
        if is_product(program):
            rows.setdefault(program.what, {})[name_of(program)[7:9]] = code
    print("| tile | items | local bytes | nn | nt | tn |\n|---|--:|--:|---|---|---|")
    for what, codes in rows.items():
        cells = [f"{c.registers}; {c.math} of {c.loop}" for c in (codes[layout] for layout in ("nn", "nt", "tn"))]
        print(f"| {what} | {codes['nn'].items} | {codes['nn'].local} | {' | '.join(cells)} |")


def print_others(results):
    rows = {}
    for program, code in results:
        if not is_product(program):
            rows.setdefault(name_of(program), []).append(code)
    print("| kernel | programs | items | most registers | most bytes spilled | most local bytes |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, codes in sorted(rows.items()):
        most = [max(getattr(code, field) for code in codes) for field in ("items", "registers", "spills", "local")]
        print(f"| `{name}` | {len(codes)} | {' | '.join(map(str, most))} |")


def print_tables(results):
    print("\n## Products\n")
    print_products(results)
    print("\n## Other kernels\n")
    print_others(results)


def check_nvidia(command, programs, folder, table):
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda program: compile_nvidia(command, program, folder), programs))
    bad = 0
    for program, (code, log) in zip(programs, done):
        for fault in faults(program, code) if code else ["does not build: " + log]:
            print(f"{name_of(program)}, {program.what}: {fault}", file=sys.stderr)
            bad += 1
    results = [(program, code) for program, (code, _) in zip(programs, done) if code]
    seconds = sum(code.seconds for program, code in results if program.part == "training")
    print(f"{len(results)} programs by {command}; a first training's: {seconds:.2f} s", file=sys.stderr)
    if table:
        print_tables(results)
    return bad


# ---- clang ----

TARGETS = {"nvptx64-nvidia-nvcl": "sm_90", "amdgcn-amd-amdhsa": "gfx1030"}  # of GPUs that clang 14 knows


def compile_clang(program, target):
    command = ["clang", "-x", "cl", "-target", target, "-mcpu=" + TARGETS[target], "-Xclang", "-finclude-default-header",
               "-nogpulib", "-O1", *program.options.split(), "-S", "-o", os.devnull, program.path]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def check_clang(programs):
    bad = 0
    probe = subprocess.run(["clang", "-print-targets"], capture_output=True, text=True).stdout
    for target in TARGETS:
        if not re.search(rf"^\s*{target.split('-')[0]}\s", probe, re.M):
            print(f"skipped: clang has no target {target}")
            continue
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            logs = list(pool.map(lambda program: compile_clang(program, target), programs))
        for program, log in zip(programs, logs):
            if log:
                print(f"{target}: {name_of(program)}, {program.what}:\n{log}", file=sys.stderr)
                bad += 1
        print(f"{len(programs)} programs by clang for {target}", file=sys.stderr)
    return bad


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    command, table = os.environ.get("EBB_NVCL"), "--table" in sys.argv
    clang = shutil.which("clang") and not table
    if not command and not clang:
        print("skipped: EBB_NVCL names no compiler, and there is no clang")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True, stdout=sys.stderr)
        programs = [read_program(path) for path in sorted(Path(folder).glob("*.cl"))]
        bad = check_nvidia(command, programs, folder, table) if command else 0
        bad += check_clang(programs) if clang else 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
