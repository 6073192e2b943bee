#!/usr/bin/env python3
"""Makes a report of the benchmarks' CSV files: Markdown tables and a roofline plot.

Usage: report.py FOLDER. Reads FOLDER/*.csv, writes FOLDER/table.md and FOLDER/roofline.svg, and
prints the summary. Needs nothing beyond Python's own library. A ratio above 1 means that ebb is
faster; it is the ratio of the medians of samples taken in turn, with the 10th and 90th percentile
of the rounds' own ratios behind it.
"""
import csv
import math
import pathlib
import statistics
import sys

PROBES = ("fma_peak", "stream_triad")
BENCHES = ("matmul", "elementwise", "step", "startup")


def read(folder):
    rows = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows += csv.DictReader(file)
    if not rows:
        sys.exit(f"report.py: {folder} holds no figures: run the benchmarks with --csv first")
    return rows


def unique(items):
    return list(dict.fromkeys(items))


def number(row, field):
    return float(row[field]) if row[field] else None


def geomean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def case_of(row):
    shape = f" {row['layout']} {row['m']}×{row['n']}×{row['k']}" if row["m"] else ""
    return row["case"] + shape


def ratio(row):
    low, middle, high = (number(row, "ratio_" + part) for part in ("p10", "ours_over_it", "p90"))
    return f"{middle:.2f}× ({low:.2f}–{high:.2f})" if middle else "–"


def better_peers(timed):
    """Of each case with several peers, the row of the one that is hardest to beat."""
    cases = {}
    for row in timed:
        if row["ratio_ours_over_it"] and row["contestant"] != "ebb":
            cases.setdefault((row["bench"], case_of(row)), []).append(row)
    best = [min(peers, key=lambda row: float(row["ratio_ours_over_it"]))
            for peers in cases.values() if len(peers) > 1]
    return [dict(row, contestant="the better peer") for row in best]


def summary(rows):
    """A row a group and contestant: geometric mean and worst case; for ebb, of the peak."""
    out = []
    timed = [row for row in rows if row["ms_median"] and row["contestant"] not in PROBES]
    timed += better_peers(timed)
    for key in unique((r["bench"], r["group"], r["contestant"]) for r in timed):
        mine = [r for r in timed if (r["bench"], r["group"], r["contestant"]) == key]
        field = "fraction_of_peak" if key[2] == "ebb" else "ratio_ours_over_it"
        mine = [r for r in mine if r[field]]
        if not mine:
            continue
        worst = min(mine, key=lambda r: float(r[field]))
        unit = " of peak" if key[2] == "ebb" else "×"
        out.append([key[0], key[1], "peak" if key[2] == "ebb" else key[2], str(len(mine)),
                    f"{geomean([float(r[field]) for r in mine]):.2f}{unit}",
                    f"{float(worst[field]):.2f}{unit}", case_of(worst)])
    return table(["bench", "group", "ebb against", "cases", "geomean", "worst", "worst case"], out)


def details(rows, bench):
    rows = [row for row in rows if row["bench"] == bench and row["case"]]
    others = unique(r["contestant"] for r in rows if r["contestant"] not in ("ebb",) + PROBES)
    out = []
    for row in (r for r in rows if r["contestant"] == "ebb"):
        cells = {r["contestant"]: ratio(r) for r in rows if case_of(r) == case_of(row)}
        figures = [f"{float(row[field]):.{digits}f}" if row[field] else "–" for field, digits in
                   (("ms_median", 4), ("gflops", 1), ("gbps", 1), ("fraction_of_peak", 2))]
        out.append([case_of(row)] + figures + [cells.get(other, "–") for other in others])
    return table(["case", "ebb ms", "GFLOP/s", "GB/s", "of peak"] + others, out)


def contestants(rows):
    out = []
    for name in unique(r["contestant"] for r in rows):
        mine = [r for r in rows if r["contestant"] == name]
        notes = unique(r["note"] for r in mine if r["note"])
        present = any(r["ms_median"] for r in mine)
        note = "; ".join(notes[:3]) if name != "ebb" else ""
        out.append([name, mine[0]["version"] or "–", note if present else "skipped: " + note])
    return table(["contestant", "version", "note"], out)


class Plot:
    """A log-log plot: x operations a byte, y GFLOP/s."""
    WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 860, 560, 70, 50, 40
    COLOURS = {"ebb": "#c2410c", "onednn": "#2563eb", "openblas": "#059669",
               "openblas_skylakex": "#65a30d", "clblast": "#7c3aed"}

    def __init__(self, x_range, y_range):
        self.x_range, self.y_range, self.parts = x_range, y_range, []

    def place(self, value, limits, start, end):
        low, high = map(math.log10, limits)
        return start + (math.log10(value) - low) / (high - low) * (end - start)

    def x(self, value):
        return self.place(value, self.x_range, self.LEFT, self.WIDTH - 20)

    def y(self, value):
        return self.place(value, self.y_range, self.HEIGHT - self.BOTTOM, self.TOP)

    def line(self, x1, y1, x2, y2, style):
        self.parts.append(f'<line x1="{self.x(x1):.1f}" y1="{self.y(y1):.1f}" '
                          f'x2="{self.x(x2):.1f}" y2="{self.y(y2):.1f}" {style}/>')

    def text(self, x, y, text, style=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{text}</text>')

    def grid(self):
        for exponent in range(-2, 5):
            value, style = 10.0 ** exponent, 'stroke="#ddd"'
            if self.x_range[0] <= value <= self.x_range[1]:
                self.line(value, self.y_range[0], value, self.y_range[1], style)
                self.text(self.x(value), self.HEIGHT - 30, f"{value:g}", 'text-anchor="middle"')
            if self.y_range[0] <= value <= self.y_range[1]:
                self.line(self.x_range[0], value, self.x_range[1], value, style)
                self.text(self.LEFT - 8, self.y(value) + 4, f"{value:g}", 'text-anchor="end"')
        self.text(self.WIDTH / 2, self.HEIGHT - 8, "operations a byte that must move",
                  'text-anchor="middle"')
        self.text(14, 24, "GFLOP/s")

    def points(self, rows):
        for order, name in enumerate(n for n in self.COLOURS if any(
                r["contestant"] == n for r in rows)):
            colour = self.COLOURS[name]
            for row in (r for r in rows if r["contestant"] == name):
                x, y = float(row["gflops"]) / float(row["gbps"]), float(row["gflops"])
                self.parts.append(f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3.5" '
                                  f'fill="{colour}" fill-opacity="0.6"><title>{name}: '
                                  f'{case_of(row)}</title></circle>')
            self.text(self.LEFT + 20, self.TOP + 40 + 18 * order, name, f'fill="{colour}"')

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.WIDTH}" '
                f'height="{self.HEIGHT}" font-family="sans-serif" font-size="13">\n'
                '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(self.parts) +
                "\n</svg>\n")


def roofline(rows):
    """The plot as SVG text, or None where a probe or all points are missing."""
    rows = [row for row in rows if row["gflops"]]
    speeds = [float(r["gflops"]) for r in rows if r["contestant"] == "fma_peak"]
    bandwidths = [float(r["gbps"]) for r in rows if r["contestant"] == "stream_triad"]
    points = [row for row in rows if row["gbps"] and row["contestant"] in Plot.COLOURS]
    if not speeds or not bandwidths or not points:
        return None
    peak, bandwidth = statistics.median(speeds), statistics.median(bandwidths)
    plot = Plot((0.03, 1000), (0.1, 2 * peak))
    plot.grid()
    ridge, start = peak / bandwidth, max(0.03, 0.1 / bandwidth)
    style = 'stroke="black" stroke-width="2"'
    plot.line(start, start * bandwidth, ridge, peak, style)
    plot.line(ridge, peak, 1000, peak, style)
    plot.text(plot.x(ridge) + 10, plot.y(peak) - 8,
              f"{peak:.0f} GFLOP/s (FMA probe), {bandwidth:.1f} GB/s (STREAM triad)")
    plot.points(points)
    return plot.svg()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    folder = pathlib.Path(sys.argv[1])
    rows = read(folder)
    first, benches = rows[0], [b for b in BENCHES if any(r["bench"] == b for r in rows)]
    parts = [f"{first['date']}: {first['machine']}; {first['device']}, {first['threads']} threads, "
             f"{first['driver']}\n", summary(rows), contestants(rows)]
    print("\n".join(parts))
    parts += [f"## {bench}\n\n{details(rows, bench)}" for bench in benches]
    (folder / "table.md").write_text("# Benchmarks\n\n" + "\n".join(parts), encoding="utf-8")
    plot = roofline(rows)
    if plot:
        (folder / "roofline.svg").write_text(plot, encoding="utf-8")


if __name__ == "__main__":
    main()
