"""Compares ebb's models by default with another library's by default.

Usage: quality.py EBB_TOOL DATA_FOLDER [--quick] [--more] [--seeds N] [--only TABLE,…]
                  [--peer NAME] [--cache FILE] [--options="EBB OPTIONS"] [--json]

Each table's last fifth of rows is for testing. Where a file is sorted by class those rows are all of
one class and measure nothing: such a file gives every fifth row instead. ebb gets the other rows as
a file and one line, `ebb train --data FILE --seed S --out MODEL`, then `ebb eval`; options that name
the target or the task stand in the table below. The peer is scikit-learn's multilayer perceptron,
which gets standardised inputs, one-hot categories and, for regression, a standardised target; or,
by --peer, pytabkit's RealMLP-TD (PyPI), the reference of `--recipe tabular`. Missing values are
filled before either reads them, alike for both.

An error is 1 - accuracy or 1 - R2, averaged over the seeds. Exits 1 where the geometric mean of
ebb's errors over the peer's is above 1 for one of the tasks, or ebb's score is more than 0.02
lower on some table; 77 (skipped) where the peer or the data are missing. The peer's scores are
kept in the cache file, by version and by what was read. Seconds are processor time of a training.

--more adds tables that scikit-learn brings along or makes: what is tuned to the files alone shows
there. --options tries other options of `ebb train` on everything.
"""
import argparse
import csv
import gzip
import hashlib
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter, namedtuple

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
try:
    import numpy as np
    from quality_peers import PEERS
    from sklearn import datasets
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

BEHIND = 0.02
CLASSES, VALUES = "classification", "regression"
METRIC = {CLASSES: "accuracy", VALUES: "r2"}
MISSING = ("?", "")

# drop: columns left out of the file. header: does the file have one. options: for `ebb train`.
Table = namedtuple("Table", "name file task target header drop options sorted quick",
                   defaults=(-1, False, (), (), False, True))
TABLES = [
    Table("banknote", "banknote_authentication.csv", CLASSES, sorted=True),
    Table("german", "german.csv", CLASSES),
    Table("glass", "glass.csv", CLASSES),
    # Column 23 says whether the lesion was surgical; those behind it describe that lesion.
    Table("horse-colic", "horse-colic.csv", CLASSES, drop=(24, 25, 26, 27)),
    Table("iris", "iris.csv", CLASSES, sorted=True),
    Table("mnist10k", "mnist10k-images-idx3-ubyte.gz", CLASSES, quick=False),
    Table("optdigits", "optdigits.tra", CLASSES, header=True, quick=False),
    Table("phoneme", "phoneme.csv", CLASSES, quick=False),
    Table("segment", "segment.csv", CLASSES, header=True),
    Table("sonar", "sonar.csv", CLASSES, sorted=True),
    Table("abalone", "abalone.csv", VALUES, quick=False),
    Table("auto-mpg", "auto-mpg.csv", VALUES, target=0, header=True,
          options=("--target", "mpg")),
    Table("energy Y1", "energy.csv", VALUES, header=True, drop=(9,)),
    Table("energy Y2", "energy.csv", VALUES, header=True, drop=(8,)),
    Table("wine", "winequality-white.csv", VALUES, options=("--task", "regression"), quick=False),
]
# Made or brought along by scikit-learn: file is a function that gives x, y.
MORE = [
    Table("cancer", lambda: datasets.load_breast_cancer(return_X_y=True), CLASSES),
    Table("wines", lambda: datasets.load_wine(return_X_y=True), CLASSES),
    Table("digits", lambda: datasets.load_digits(return_X_y=True), CLASSES),
    Table("moons", lambda: datasets.make_moons(1000, noise=0.3, random_state=0), CLASSES),
    Table("few informative", lambda: datasets.make_classification(
        1000, 20, n_informative=4, n_redundant=2, flip_y=0.05, random_state=0), CLASSES),
    Table("ten classes", lambda: datasets.make_classification(
        10000, 16, n_informative=12, n_redundant=2, n_classes=10, n_clusters_per_class=3,
        class_sep=1.2, random_state=0), CLASSES, quick=False),
    Table("diabetes", lambda: datasets.load_diabetes(return_X_y=True), VALUES),
    Table("friedman 300", lambda: datasets.make_friedman1(300, noise=1, random_state=1), VALUES),
    Table("friedman 1000", lambda: datasets.make_friedman1(1000, noise=1, random_state=0), VALUES),
    Table("linear", lambda: datasets.make_regression(
        1000, 20, n_informative=5, noise=30, random_state=0), VALUES),
    Table("curved", lambda: make_curved(12000), VALUES, quick=False),
]


def make_curved(rows):
    """A smooth, skewed function of eight inputs, with noise."""
    random = np.random.RandomState(2)
    x = random.normal(size=(rows, 8))
    inner = np.tanh(x @ random.normal(size=(8, 20))) @ random.normal(size=20)
    return x, np.exp(0.2 * inner) + 0.3 * random.normal(size=rows)


def is_number(text):
    try:
        float(text)
        return True
    except ValueError:
        return False


def test_rows(table, rows):
    """A mask of the rows for testing."""
    if table.sorted:
        return np.arange(rows) % 5 == 4
    return np.arange(rows) >= rows - rows // 5


def fill(column, train):
    """A column's texts with the missing ones filled by the training rows' mean, or commonest text."""
    known = [text for text, use in zip(column, train) if use and text not in MISSING]
    if all(text in MISSING or is_number(text) for text in column):
        value = repr(float(np.mean([float(text) for text in known])))
    else:
        value = Counter(known).most_common(1)[0][0]
    return [value if text in MISSING else text for text in column]


def read_columns(table, folder):
    """The columns of a CSV file, as texts, the header's names first."""
    with open(os.path.join(folder, table.file), newline="") as file:
        rows = list(csv.reader(file))
    # A header may lack the first column's name.
    rows[0] = ["first"] * (len(rows[1]) - len(rows[0])) + rows[0]
    return [list(column) for i, column in enumerate(zip(*rows, strict=True)) if i not in table.drop]


def make_columns(table):
    """The same of x, y; rows are mixed, since some are sorted by class."""
    x, y = table.file()
    order = np.random.RandomState(0).permutation(len(y))
    return [[repr(value) for value in column[order].tolist()] for column in (*x.T, y)]


class TextTable:
    """Columns of texts, in two parts."""

    def __init__(self, table, columns):
        self.table = table
        self.names = [column.pop(0) for column in columns] if table.header else None
        self.test = test_rows(table, len(columns[0]))
        self.columns = [fill(column, ~self.test) for column in columns]

    def inputs(self):
        """The input columns, numbers as floats; the target, classes as texts."""
        columns = list(self.columns)
        target = columns.pop(self.table.target)
        y = np.array(target, float) if self.table.task == VALUES else np.array(target)
        return [np.array(column, float if all(map(is_number, column)) else str)
                for column in columns], y

    def encode(self):
        """x, y: numbers as they are, categories one-hot."""
        columns, y = self.inputs()
        x = []
        for column in columns:
            if column.dtype.kind == "f":
                x.append(column)
            else:
                x.extend((column == text).astype(float) for text in sorted(set(column)))
        return np.stack(x, axis=1), y

    def write(self, path, mask):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            if self.names:
                writer.writerow(self.names)
            writer.writerows(row for row, use in zip(zip(*self.columns), mask) if use)
        return ["--data", path]


class ImageTable:
    """An IDX file and that of its labels, in two parts."""

    def __init__(self, table, folder):
        paths = [os.path.join(folder, name) for name in
                 (table.file, table.file.replace("images-idx3", "labels-idx1"))]
        self.images, self.labels = (self.read(*pair) for pair in zip(paths, (16, 8)))
        self.test = test_rows(table, len(self.labels))
        self.images = self.images.reshape(len(self.labels), -1)

    @staticmethod
    def read(path, offset):
        with gzip.open(path) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    def inputs(self):
        return list(self.images.T.astype(float)), self.labels

    def encode(self):
        return self.images.astype(float), self.labels

    def write(self, path, mask):
        images, labels = self.images[mask], self.labels[mask]
        side = math.isqrt(images.shape[1])
        for name, magic, array, shape in ((path, 0x803, images, (len(images), side, side)),
                                          (path + ".labels", 0x801, labels, (len(labels),))):
            with open(name, "wb") as file:
                file.write(np.array((magic, *shape), ">u4").tobytes() + array.tobytes())
        return ["--data", path, "--labels", path + ".labels"]


def read_table(table, folder):
    if callable(table.file):
        return TextTable(table, make_columns(table))
    if table.file.endswith(".gz"):
        return ImageTable(table, folder)
    return TextTable(table, read_columns(table, folder))


class Cache:
    """What a peer reached before, with the seconds that it took."""

    def __init__(self, path):
        self.path, self.results = path, {}
        if path and os.path.exists(path):
            with open(path) as file:
                self.results = json.load(file)

    def get(self, peer, table, data, seed):
        x, y = data.encode()
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in (x, data.test)))
        digest.update("\n".join(map(str, y)).encode())
        key = f"{peer.name} {peer.version} {table.name} {digest.hexdigest()[:16]} {seed}"
        if key not in self.results:
            self.results[key] = peer.score(data, table.task == CLASSES, seed)
            if self.path:
                with open(self.path + ".new", "w") as file:
                    json.dump(self.results, file, indent=1)
                os.replace(self.path + ".new", self.path)
        return self.results[key]


def run_tool(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def seconds_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def ebb_results(tool, table, data, seeds, options, folder):
    rest = data.write(os.path.join(folder, "rest"), ~data.test)
    test = data.write(os.path.join(folder, "test"), data.test)
    model = os.path.join(folder, "model.safetensors")
    results = []
    for seed in seeds:
        start = seconds_of_children()
        run_tool([tool, "train", *rest, *table.options, *options, "--seed", str(seed),
                  "--out", model, "--quiet"])
        seconds = seconds_of_children() - start
        result = json.loads(run_tool([tool, "eval", model, *test, "--json"]))
        results.append((result[METRIC[table.task]], seconds))
    return results


def measure(table, arguments, peer, cache):
    """A row of the result."""
    data = read_table(table, arguments.data)
    seeds = range(1, arguments.seeds + 1)
    theirs, their_seconds = zip(*(cache.get(peer, table, data, seed) for seed in seeds))
    with tempfile.TemporaryDirectory() as folder:
        ours, our_seconds = zip(*ebb_results(arguments.tool, table, data, seeds,
                                             arguments.options.split(), folder))
    # A model without an error counts as one that misses half a row.
    guard = 0.5 / data.test.sum() if table.task == CLASSES else 0
    spread = np.std(np.subtract(ours, theirs), ddof=1) if len(ours) > 1 else math.nan
    return {"table": table.name, "task": table.task, "rows": len(data.test),
            "test": "every fifth" if table.sorted else "last fifth",
            "options": " ".join(table.options), "ebb": float(np.mean(ours)),
            "peer": float(np.mean(theirs)), "error": float(spread / math.sqrt(len(ours))),
            "ratio": float((1 - np.mean(ours) + guard) / (1 - np.mean(theirs) + guard)),
            "ebb_seconds": float(np.mean(our_seconds)),
            "peer_seconds": float(np.mean(their_seconds)),
            "ebb_seeds": ours, "peer_seeds": theirs}


def judge(rows):
    """The last lines, and whether all is well."""
    good = True
    for task in (CLASSES, VALUES):
        ratios = [row["ratio"] for row in rows if row["task"] == task]
        if ratios:
            mean = math.exp(np.mean(np.log(ratios)))
            good = good and mean <= 1
            print(f"geometric mean of the ratios of 1 - {METRIC[task]}, {len(ratios)} tables: "
                  f"{mean:.3f}{'' if mean <= 1 else '   ABOVE 1'}")
    worst = min(rows, key=lambda row: row["ebb"] - row["peer"])
    difference = worst["ebb"] - worst["peer"]
    fine = difference >= -BEHIND - 1e-9  # rounding
    print(f"worst: {worst['table']}, {difference:+.4f}{'' if fine else f'   BELOW -{BEHIND}'}")
    return good and fine


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool")
    parser.add_argument("data", help="the folder with the tables")
    parser.add_argument("--quick", action="store_true", help="two seeds, small tables")
    parser.add_argument("--more", action="store_true", help="also scikit-learn's own tables")
    parser.add_argument("--seeds", type=int, help="how many seeds, from 1 (default: 5)")
    parser.add_argument("--only", help="tables by name, by commas")
    parser.add_argument("--peer", choices=PEERS, default="sklearn", help="what to compare with")
    parser.add_argument("--cache", help="a file that keeps the peer's scores")
    parser.add_argument("--options", default="", help="more options for `ebb train`")
    parser.add_argument("--json", action="store_true", help="every score, as JSON")
    arguments = parser.parse_args()
    arguments.seeds = arguments.seeds or (2 if arguments.quick else 5)
    return arguments


def choose_tables(arguments):
    tables = TABLES + MORE if arguments.more else TABLES
    if arguments.only:
        names = arguments.only.split(",")
        unknown = set(names) - {table.name for table in TABLES + MORE}
        if unknown:
            sys.exit(f"no table {', '.join(sorted(unknown))}")
        tables = [table for table in TABLES + MORE if table.name in names]
    elif arguments.quick:
        tables = [table for table in tables if table.quick]
    for table in tables:
        if not callable(table.file) and not os.path.exists(os.path.join(arguments.data, table.file)):
            print(f"skipped: no {table.file} in {arguments.data}")
            sys.exit(77)
    return tables


def make_peer(name):
    try:
        return PEERS[name]()
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(77)


def main():
    os.nice(19 - os.nice(0))
    arguments = parse_arguments()
    peer = make_peer(arguments.peer)
    tables, cache = choose_tables(arguments), Cache(arguments.cache)
    print(f"{'table':15} {'rows':>5}  {'test rows':11}  {'ebb':>7}  {peer.name:>12}  "
          f"{'difference':>10}  {'ratio':>5}  {'seconds':>13}  options", flush=True)
    rows = []
    for table in tables:
        row = measure(table, arguments, peer, cache)
        rows.append(row)
        print(f"{row['table']:15} {row['rows']:5}  {row['test']:11}  {row['ebb']:7.4f}  "
              f"{row['peer']:12.4f}  {row['ebb'] - row['peer']:+.4f}±{row['error']:.3f} "
              f"{row['ratio']:5.2f}  {row['ebb_seconds']:5.1f} / {row['peer_seconds']:5.1f}  "
              f"{row['options']}", flush=True)
    good = judge(rows)
    if arguments.json:
        print(json.dumps(rows))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
