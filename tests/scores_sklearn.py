"""Compares ebb's scores with scikit-learn's, on the same predictions.

Usage: scores_sklearn.py FIGURES EBB FOLDER   FIGURES is tests/scores_figures.c, FOLDER is examples/
       scores_sklearn.py --table              prints the numbers of tests/test_scores.c
Exits 77 (skipped) where scikit-learn is not installed: Debian's python3-sklearn. Figures must agree
within 1e-6 of the larger of 1 and the figure itself, and be NaN where scikit-learn's are.
"""
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    from sklearn import metrics
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.preprocessing import label_binarize
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

warnings.simplefilter("ignore")
BOUND = 1e-6

# rows, classes, classes that occur, what the right logit gains, factor of all logits
CLASS_RECIPES = [(50, 2, 2, 1, 1), (60, 3, 3, 2, 1), (200, 12, 12, 3, 1), (40, 3, 2, 1, 1), (30, 12, 9, 1, 1),
                 (20, 2, 1, 0, 1), (64, 3, 3, 2, 32), (33, 2, 2, 0, 64), (21, 1, 1, 0, 1)]
# rows, targets, scale, whether the last target is constant
VALUE_RECIPES = [(25, 1, 1.0, 0), (40, 3, 1.0, 1), (31, 2, 1e24, 0), (28, 1, 1e-9, 0), (1, 2, 1.0, 0), (24, 1, 3e200, 0),
                 (24, 1, 3e-200, 0)]


class Sequence:
    """The generator of test_scores.c."""

    def __init__(self, seed):
        self.state = seed

    def next(self, count):
        self.state = (self.state * 1103515245 + 12345) % 2**31
        return (self.state >> 16) % count


def make_classes(index):
    rows, classes, used, gain, factor = CLASS_RECIPES[index]
    sequence = Sequence(index + 1)
    logits, labels = np.zeros((rows, classes), np.float32), np.zeros(rows, np.int32)
    for i in range(rows):
        labels[i] = sequence.next(used)
        for k in range(classes):
            logits[i, k] = factor * (sequence.next(17) - 8 + 4 * gain * (k == labels[i])) / 4
    return logits, labels


def make_values(index):
    rows, targets, scale, constant = VALUE_RECIPES[index]
    sequence = Sequence(index + 1)
    predicted, actual = np.zeros((rows, targets)), np.zeros((rows, targets))
    for i in range(rows):
        for k in range(targets):
            actual[i, k] = (sequence.next(2001) - 1000) / 8
            error = (sequence.next(401) - 200) / 16
            if constant and k == targets - 1:
                actual[i, k] = 0.5
            predicted[i, k] = (actual[i, k] + error) * scale
            actual[i, k] *= scale
    return predicted, actual


def softmax(logits):
    """With libm's exp, and the sum in order: numpy's own may differ in the last bit, and that makes
    or breaks ties between rows."""
    z = logits.astype(np.float64)
    p = np.vectorize(math.exp)(z - z.max(axis=1, keepdims=True))
    return p / np.cumsum(p, axis=1)[:, -1:]


def or_nan(function, *arguments, **options):
    """Older versions raise where newer ones give NaN."""
    try:
        return float(function(*arguments, **options))
    except ValueError:
        return math.nan


def calibration_error(p, labels):
    """Guo et al. 2017: bin b holds (b / 15, (b + 1) / 15]."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    edges, total = np.linspace(0, 1, 16), 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def of_class(values):
    return [float(v) for v in values]


def classes_by_sklearn(p, labels, scores=None, train=None):
    """Figures of probabilities p; `scores`: what top-5 goes by."""
    rows, classes = p.shape
    names, said = list(range(classes)), p.argmax(axis=1)
    onehot = np.eye(classes)[labels]
    two = classes == 2
    f = {"accuracy": metrics.accuracy_score(labels, said),
         "balanced_accuracy": metrics.balanced_accuracy_score(labels, said),
         "top5_accuracy": metrics.top_k_accuracy_score(labels, scores, k=5, labels=names) if classes > 10 else math.nan,
         "log_loss": metrics.log_loss(labels, p, labels=names) if classes > 1 else 2.0**-52,
         "brier": np.mean((p[:, 1] - labels)**2) if two else np.mean(((p - onehot)**2).sum(axis=1)),
         "calibration_error": calibration_error(p, labels)}
    if two:
        f["roc_auc"] = or_nan(metrics.roc_auc_score, labels, p[:, 1])
        f["average_precision"] = metrics.average_precision_score(labels, p[:, 1])
        assert abs(f["brier"] - metrics.brier_score_loss(labels, p[:, 1], pos_label=1)) < 1e-12
    else:
        f["roc_auc"] = or_nan(metrics.roc_auc_score, labels, p, multi_class="ovr", labels=names)
        f["average_precision"] = np.mean([metrics.average_precision_score(onehot[:, k], p[:, k]) for k in names])
    for average in "macro", "weighted":
        f[average] = of_class(metrics.precision_recall_fscore_support(labels, said, average=average, zero_division=0)[:3])
    each = metrics.precision_recall_fscore_support(labels, said, labels=names, zero_division=0)
    for k in names:
        f[f"class{k}"] = of_class(column[k] for column in each) + [float((said == k).sum())]
    f["confusion"] = metrics.confusion_matrix(labels, said, labels=names).ravel().astype(float).tolist()
    learned = labels if train is None or not len(train) else train
    guess = DummyClassifier(strategy="most_frequent").fit(np.zeros((len(learned), 1)), learned)
    f["baseline_accuracy"] = guess.score(np.zeros((rows, 1)), labels)
    return f


def values_by_sklearn(predicted, actual, train=None):
    learned = actual if train is None or not len(train) else train
    guess = DummyRegressor().fit(np.zeros((len(learned), 1)), learned)
    means = np.reshape(guess.predict(np.zeros((len(actual), 1))), actual.shape)
    with np.errstate(all="ignore"):
        columns = [metrics.mean_squared_error(actual, predicted, multioutput="raw_values"),
                   np.sqrt(metrics.mean_squared_error(actual, predicted, multioutput="raw_values")),
                   metrics.mean_absolute_error(actual, predicted, multioutput="raw_values"),
                   metrics.median_absolute_error(actual, predicted, multioutput="raw_values"),
                   metrics.r2_score(actual, predicted, multioutput="raw_values") if len(actual) > 1 else
                   np.full(actual.shape[1], math.nan),
                   np.sqrt(((actual - means)**2).mean(axis=0))]
    f = {f"target{k}": [float(c[k]) for c in columns] for k in range(actual.shape[1])}
    f["mean"] = [float(np.mean(c)) for c in columns]
    return f


def labels_by_sklearn(p, actual):
    """Each target by itself; the means are scikit-learn's "macro"."""
    said, f, each = p >= 0.5, {}, []
    for k in range(p.shape[1]):
        y = actual[:, k]
        f[f"label{k}"] = [metrics.accuracy_score(y, said[:, k]), metrics.log_loss(y, p[:, k], labels=[0, 1]),
                          or_nan(metrics.roc_auc_score, y, p[:, k]), metrics.average_precision_score(y, p[:, k])]
        f[f"label{k}"] += of_class(metrics.precision_recall_fscore_support(y, said[:, k], average="binary",
                                                                           zero_division=0)[:3])
        each.append(f[f"label{k}"])
    f["mean"] = np.mean(each, axis=0).tolist()
    macro = metrics.precision_recall_fscore_support(actual, said, average="macro", zero_division=0)[:3]
    f["mean"][2:4] = [or_nan(metrics.roc_auc_score, actual, p), metrics.average_precision_score(actual, p)]
    f["mean"][4:] = of_class(macro)
    return f


def ask(figures, kind, rows, outputs, train, arrays):
    text = f"{kind} {rows} {outputs} {0 if train is None else len(train)}\n".encode()
    data = b"".join(np.ascontiguousarray(a).tobytes() for a in arrays + ([] if train is None else [train]))
    output = subprocess.run([figures], input=text + data, capture_output=True, check=True).stdout.decode()
    found = {}
    for line in output.splitlines():
        name, *numbers = line.split()
        found[name] = [float(n) for n in numbers]
    return found


def difference(ours, theirs):
    if math.isnan(ours) or math.isnan(theirs):
        return 0.0 if math.isnan(ours) and math.isnan(theirs) else math.inf
    if ours == theirs:
        return 0.0
    scale = max(1.0, abs(theirs)) if abs(theirs) > 1e-3 else abs(theirs) + 1e-12 # small units count too
    return abs(ours - theirs) / scale


def compare(name, ours, theirs):
    worst, where = 0.0, ""
    for key, value in theirs.items():
        numbers = value if isinstance(value, list) else [float(value)]
        for place, (a, b) in enumerate(zip(ours[key], numbers)):
            if difference(a, b) > worst:
                worst, where = difference(a, b), f": {key}[{place}] is {a:.12g}, scikit-learn's {b:.12g}"
    good = worst <= BOUND
    print(f"{'ok' if good else 'not ok'} {name}: {len(theirs)} figures, largest difference {worst:.1e}"
          f"{'' if good else where}")
    return good


def random_classes(generator, rows, classes, used, step, spread):
    """Logits in steps, so that there are ties; `used` classes occur."""
    labels = generator.integers(0, used, rows).astype(np.int32)
    logits = generator.normal(0, spread, (rows, classes))
    logits[np.arange(rows), labels] += spread
    return (np.round(logits / step) * step).astype(np.float32), labels


def check_random(figures):
    generator, good = np.random.default_rng(1), True
    for rows, classes, used, step, spread in [
            (2000, 2, 2, 1e-6, 1), (2000, 2, 2, 0.5, 1), (501, 2, 2, 4, 30), (3000, 3, 3, 1e-6, 1), (3000, 3, 3, 0.5, 2),
            (400, 3, 2, 0.25, 1), (2500, 12, 12, 0.5, 1), (2500, 12, 7, 1e-6, 2), (900, 12, 12, 1, 40), (60, 40, 40, 1, 1)]:
        logits, labels = random_classes(generator, rows, classes, used, step, spread)
        train = generator.integers(0, classes, 50).astype(np.int32)
        ours = ask(figures, "classes", rows, classes, train, [logits, labels])
        good &= compare(f"{rows} rows of {classes} classes, {used} occur, steps of {step:g}", ours,
                        classes_by_sklearn(softmax(logits), labels, logits, train))
    for rows, targets, scale, offset in [(1000, 1, 1, 0), (1000, 3, 1, 100), (501, 3, 1e24, 0), (500, 1, 1e-9, 5), (2, 1, 1, 0)]:
        actual = generator.normal(offset, 1, (rows, targets)) * scale
        predicted = actual + generator.normal(0, 0.3, (rows, targets)) * scale
        train = generator.normal(offset, 1, (77, targets)) * scale
        ours = ask(figures, "values", rows, targets, train, [predicted, actual])
        good &= compare(f"{rows} rows of {targets} targets of about {scale:g}", ours,
                        values_by_sklearn(predicted, actual, train))
    for rows, targets, step, share in [(1000, 3, 1e-9, 0.3), (700, 5, 0.1, 0.5), (300, 2, 0.25, 0.05), (40, 4, 1, 0.5), (9, 3, 0.5, 0)]:
        actual = (generator.random((rows, targets)) < share).astype(float)
        p = np.clip(np.round((actual + generator.normal(0.2, 0.5, (rows, targets))) / step) * step, 0, 1)
        good &= compare(f"{rows} rows of {targets} labels, steps of {step:g}", ask(figures, "labels", rows, targets, None, [p, actual]),
                        labels_by_sklearn(p, actual))
    return good


def check_recipes(figures):
    good = True
    for i, recipe in enumerate(CLASS_RECIPES):
        logits, labels = make_classes(i)
        ours = ask(figures, "classes", *logits.shape, None, [logits, labels])
        good &= compare(f"classes {recipe}", ours, classes_by_sklearn(softmax(logits), labels, logits))
    for i, recipe in enumerate(VALUE_RECIPES):
        predicted, actual = make_values(i)
        if not 1e-100 < recipe[2] < 1e100: # scikit-learn's own sums leave the range of double
            predicted, actual = predicted / recipe[2], actual / recipe[2]
        ours = ask(figures, "values", *predicted.shape, None, [predicted, actual])
        good &= compare(f"values {recipe}", ours, values_by_sklearn(predicted, actual))
    return good


def run(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


def read_csv(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split(",") for line in file]


def check_tool(ebb, folder, name, csv, epochs, task):
    """The figures of `eval --json` against those of the file that `predict` writes."""
    path, model, out = os.path.join(folder, csv), f"{name}.safetensors", f"{name}.csv"
    run(ebb, "train", "--data", path, "--task", task, "--epochs", str(epochs), "--quiet", "--out", model)
    run(ebb, "predict", model, "--data", path, "--quiet", "--out", out)
    result = json.loads(run(ebb, "eval", model, "--data", path, "--part", "all", "--json", "--quiet"))
    truth, head, *rows = [r[-1] for r in read_csv(path)][1:], *read_csv(out)
    if task == "regression":
        theirs = values_by_sklearn(np.array(rows, float)[:, :1], np.array(truth, float)[:, None])
        names = ["mse", "rmse", "mae", "median_ae", "r2"]
        ours = {"mean": [result[n] for n in names], "target0": [result["targets"][0][n] for n in names]}
        return compare(f"ebb eval on {csv}, as regression", ours, {k: v[:5] for k, v in theirs.items()})
    names = [h[2:] for h in head[1:]]
    p, labels = np.array([r[1:] for r in rows], float), np.array([names.index(t) for t in truth])
    theirs = classes_by_sklearn(p / p.sum(axis=1, keepdims=True), labels, p)
    del theirs["baseline_accuracy"] # learned from the training rows
    ours = {k: [result[k]] for k in theirs if isinstance(result.get(k), float)}
    for average in "macro", "weighted":
        ours[average] = [result[average][n] for n in ("precision", "recall", "f1")]
    for k, c in enumerate(result["classes"]):
        ours[f"class{k}"] = [c[n] for n in ("precision", "recall", "f1", "support", "predicted")]
    ours["confusion"] = np.ravel(result["confusion_matrix"]).tolist()
    ours.setdefault("top5_accuracy", [math.nan])
    return compare(f"ebb eval on {csv}", ours, theirs)


def check_weighted(ebb, folder, csv, task):
    """Figures by weight, against scikit-learn's with sample_weight."""
    head, *lines = read_csv(os.path.join(folder, csv))
    weights = [row * 7 % 5 / 4 for row in range(len(lines))]
    with open("weighted.csv", "w", encoding="utf-8") as file:
        file.write(",".join(["weight", *head]) + "\n")
        file.writelines(",".join([str(w), *line]) + "\n" for w, line in zip(weights, lines))
    data = ["--data", "weighted.csv", "--weight-column", "weight", "--quiet"]
    run(ebb, "train", *data, "--task", task, "--epochs", "2", "--out", "weighted.safetensors")
    run(ebb, "predict", "weighted.safetensors", *data, "--out", "weighted_out.csv")
    ours = json.loads(run(ebb, "eval", "weighted.safetensors", *data, "--part", "all", "--json"))
    truth, (names, *rows), by = [line[-1] for line in lines], read_csv("weighted_out.csv"), {"sample_weight": weights}
    if task == "regression":
        y, p = np.array(truth, float), np.array(rows, float)[:, 0]
        theirs = {"mse": metrics.mean_squared_error(y, p, **by), "mae": metrics.mean_absolute_error(y, p, **by),
                  "r2": metrics.r2_score(y, p, **by)}
    else:
        names = [name[2:] for name in names[1:]]
        p, y = np.array([r[1:] for r in rows], float), np.array([names.index(t) for t in truth])
        p, said, onehot = p / p.sum(axis=1, keepdims=True), p.argmax(axis=1), np.eye(len(names))[y]
        theirs = {"accuracy": metrics.accuracy_score(y, said, **by), "log_loss": metrics.log_loss(y, p, **by),
                  "balanced_accuracy": metrics.balanced_accuracy_score(y, said, **by),
                  "roc_auc": np.mean([metrics.roc_auc_score(onehot[:, k], p[:, k], **by) for k in range(len(names))]),
                  "average_precision": np.mean([metrics.average_precision_score(onehot[:, k], p[:, k], **by)
                                                for k in range(len(names))])}
        for average in "macro", "weighted":
            f = metrics.precision_recall_fscore_support(y, said, average=average, zero_division=0, **by)
            theirs |= {f"{average} {name}": value for name, value in zip(("precision", "recall", "f1"), f)}
            ours |= {f"{average} {name}": ours[average][name] for name in ("precision", "recall", "f1")}
    return compare(f"ebb eval on {csv} with weights, {task}", {key: [ours[key]] for key in theirs}, theirs)


def print_table():
    """In the order of the structs of test_scores.c."""
    def text(x):
        return "NAN" if math.isnan(x) else "INFINITY" if math.isinf(x) else f"{x:.15g}"

    keys = ["accuracy", "balanced_accuracy", "top5_accuracy", "log_loss", "roc_auc", "average_precision", "brier",
            "calibration_error"]
    for i, recipe in enumerate(CLASS_RECIPES):
        logits, labels = make_classes(i)
        f = classes_by_sklearn(softmax(logits), labels, logits)
        numbers = [f[k] for k in keys] + f["macro"] + f["weighted"]
        print(f"    {{{{{', '.join(map(str, recipe))}}}, {{{', '.join(map(text, numbers))}}}}},")
    for i, recipe in enumerate(VALUE_RECIPES):
        predicted, actual = make_values(i)
        unit = 1.0 if 1e-100 < recipe[2] < 1e100 else recipe[2]
        f = values_by_sklearn(predicted / unit, actual / unit)
        factors = [unit * unit, unit, unit, unit, 1.0, unit]
        numbers = [a * b for name in ("mean", "target0") for a, b in zip(f[name], factors)]
        print(f"    {{{{{', '.join(map(str, recipe))}}}, {{{', '.join(map(text, numbers))}}}}},")


def main():
    if sys.argv[1:] == ["--table"]:
        print_table()
        return
    figures, ebb, folder = map(os.path.abspath, sys.argv[1:])
    good = check_recipes(figures) & check_random(figures)
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        good &= check_tool(ebb, folder, "iris", "iris.csv", 5, "classification")
        good &= check_tool(ebb, folder, "digits", "digits.csv", 1, "classification")
        good &= check_tool(ebb, folder, "values", "digits.csv", 2, "regression")
        good &= check_weighted(ebb, folder, "iris.csv", "classification")
        good &= check_weighted(ebb, folder, "digits.csv", "regression")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
