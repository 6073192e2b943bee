"""What PyTorch's workers share: PyTorch itself and the device. The protocol is worker.py's.

A worker names its device "cpu" or "cuda". What keeps PyTorch or CUDA from being used is said as the
reason, so that the bench skips the peer by name.
"""
import sys

import worker

try:
    import torch
except Exception as error:  # whatever keeps it from loading is the reason to skip it
    worker.say("no", "it cannot be imported:", worker.one_line(error))
    sys.exit(0)


def open_device(threads, name):
    """Ends the worker, with the reason, where this PyTorch cannot use the device."""
    torch.set_num_threads(int(threads))
    if name == "cuda" and not torch.cuda.is_available():
        worker.say("no", "PyTorch", torch.__version__, "sees no CUDA device")
        sys.exit(0)
    return torch.device(name)


def version(device):
    if device.type == "cpu":
        return torch.__version__
    return f"{torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name(device)}"


def serve(device, make):
    def finish():
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    worker.serve(version(device), make, finish)
