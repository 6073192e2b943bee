"""The protocol of peers in separate processes (harness/worker.h), and the networks they are asked for.

`serve` is given a function that makes a problem of a case's words, and one that waits until the device
has finished. A problem has `check()`, which says what is wrong or nothing, a `note`, and
`run(repetitions)`, which `serve` times; where it has run more or fewer, `scale` corrects the time.
"""
import re
import sys
import time


def say(*words):
    print(*words, flush=True)


def one_line(error):
    return " ".join(str(error).split())


def layers_of(spec):
    """The items of a network's text behind its input: ("dense", 512, relu), ("layernorm", relu),
    ("drop", 0.2). relu says whether the activation follows; others are not known here."""
    layers = []
    for item in spec.split("-")[1:]:
        dense, norm, drop = (re.fullmatch(form, item) for form in
                             (r"(\d+)(relu)?", r"layernorm(relu)?", r"drop([\d.]+)"))
        if dense:
            layers.append(("dense", int(dense[1]), bool(dense[2])))
        elif norm:
            layers.append(("layernorm", bool(norm[1])))
        elif drop:
            layers.append(("drop", float(drop[1])))
        else:
            raise RuntimeError(f"the item {item} is not known")
    return layers


def rows_of(batch):
    """Rows of the data set, as in step_peers.c."""
    return 4 * batch if batch > 1024 else 4096


def take_case(make, words):
    """The problem, or nothing where it cannot be made; the answer is said."""
    try:
        problem = make(words)
        wrong = problem.check()
    except (RuntimeError, TypeError) as error:  # no memory, no such form in this version
        say("no", one_line(error)[:120])
        return None
    say("wrong: " + wrong if wrong else "ok " + problem.note)
    return problem


def measure(problem, finish, repetitions):
    finish()
    start = time.perf_counter()
    problem.run(repetitions)
    finish()
    return time.perf_counter() - start


def serve(version, make, finish):
    say("ready", version)
    problem = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "case":
            problem = None  # its memory, before the next one's is asked for
            problem = take_case(make, words[1:])
        elif words[0] == "run":
            say(measure(problem, finish, int(words[1])) * getattr(problem, "scale", 1))
