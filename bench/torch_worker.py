"""What PyTorch's workers share: PyTorch itself, the device, and the protocol (harness/worker.h).

A worker names its device "cpu" or "cuda" and gives `serve` a function that makes a problem of a
case's words. A problem has `check()`, which says what is wrong or nothing, a `note`, and
`run(repetitions)`; `serve` times it, until the device has finished. What keeps PyTorch or CUDA from
being used is said as the reason, so that the bench skips the peer by name.
"""
import sys
import time

try:
    import torch
except Exception as error:  # whatever keeps it from loading is the reason to skip it
    print("no", "it cannot be imported:", " ".join(str(error).split()))
    sys.exit(0)


def say(*words):
    print(*words, flush=True)


def one_line(error):
    return " ".join(str(error).split())[:120]


def open_device(threads, name):
    """Ends the worker, with the reason, where this PyTorch cannot use the device."""
    torch.set_num_threads(int(threads))
    if name == "cuda" and not torch.cuda.is_available():
        say("no", "PyTorch", torch.__version__, "sees no CUDA device")
        sys.exit(0)
    return torch.device(name)


def version(device):
    if device.type == "cpu":
        return torch.__version__
    return f"{torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name(device)}"


def finish(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def take_case(make, words):
    """The problem, or nothing where it cannot be made; the answer is said."""
    try:
        problem = make(words)
        wrong = problem.check()
    except (RuntimeError, TypeError) as error:  # no memory, no such form in this version
        say("no", one_line(error))
        return None
    say("wrong: " + wrong if wrong else "ok " + problem.note)
    return problem


def measure(problem, device, repetitions):
    finish(device)
    start = time.perf_counter()
    problem.run(repetitions)
    finish(device)
    return time.perf_counter() - start


def serve(device, make):
    say("ready", version(device))
    problem = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "case":
            problem = None  # its memory, before the next one's is asked for
            problem = take_case(make, words[1:])
        elif words[0] == "run":
            say(measure(problem, device, int(words[1])) * getattr(problem, "scale", 1))
