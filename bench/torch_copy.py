"""PyTorch's copy within the device's memory, as a worker (harness/worker.h): its bandwidth.

Usage: torch_copy.py THREADS DEVICE. A case is a number of bytes; what is told are the seconds that
those take at the bandwidth of a copy of 256 MiB, whose bytes are counted as read and written.
"""
import sys

from torch_worker import open_device, serve, torch

FLOATS = 1 << 26


class Copy:
    note = "256 MiB to 256 MiB"

    def __init__(self, wanted, source, target):
        self.source, self.target = source, target
        self.scale = wanted / (8 * FLOATS)

    def check(self):
        self.target.zero_()
        self.run(1)
        return None if torch.equal(self.source, self.target) else "the copy differs"

    def run(self, repetitions):
        for _ in range(repetitions):
            self.target.copy_(self.source)


def main():
    device = open_device(*sys.argv[1:3])
    source = torch.arange(FLOATS, dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    serve(device, lambda words: Copy(float(words[0]), source, target))


main()
