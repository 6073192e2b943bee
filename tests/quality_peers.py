"""What quality.py compares ebb with: others' models by their defaults, fitted to the same rows.

A peer takes a table's columns, a mask of the rows for testing and a seed. It returns the score on
those rows, accuracy or R2, and the processor seconds of the training. Modules are imported when a
peer is asked for; whoever lacks one skips it by name.
"""
import time
import warnings
from collections import namedtuple

import numpy as np

Peer = namedtuple("Peer", "name version score")


def score_of(model, x, y, test):
    start = time.process_time()
    model.fit(x[~test], y[~test])
    return float(model.score(x[test], y[test])), time.process_time() - start


def standardised(y, test):
    return (y - y[~test].mean()) / y[~test].std()


def make_sklearn():
    """scikit-learn's multilayer perceptron: inputs standardised, categories one-hot."""
    import sklearn
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler
    warnings.simplefilter("ignore", ConvergenceWarning)

    def score(data, classes, seed):
        x, y = data.encode()
        x = StandardScaler().fit(x[~data.test]).transform(x)
        if classes:
            return score_of(MLPClassifier(random_state=seed), x, y, data.test)
        return score_of(MLPRegressor(random_state=seed), x, standardised(y, data.test), data.test)
    return Peer("sklearn", sklearn.__version__, score)


def make_pytabkit(suffix):
    """pytabkit's RealMLP-TD, or its simple form: one thread, columns as they are in the file."""
    import logging
    from importlib.metadata import version

    import pandas
    import pytabkit
    import torch
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)

    def score(data, classes, seed):
        columns, y = data.inputs()
        x = pandas.DataFrame({f"column {i}": pandas.Categorical(column) if column.dtype.kind == "U"
                              else column.astype(np.float32) for i, column in enumerate(columns)})
        name = f"RealMLP_TD{suffix}_{'Classifier' if classes else 'Regressor'}"
        model = getattr(pytabkit, name)(random_state=seed, n_threads=1, device="cpu", verbosity=0)
        return score_of(model, x, y if classes else y.astype(np.float32), data.test)
    return Peer(f"RealMLP-TD{suffix.replace('_', '-')}", version("pytabkit"), score)


PEERS = {"sklearn": make_sklearn,
         "pytabkit": lambda: make_pytabkit(""),
         "pytabkit-simple": lambda: make_pytabkit("_S")}
