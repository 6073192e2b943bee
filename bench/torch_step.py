"""PyTorch's training step, as a worker of bench_step (the protocol: bench/harness/worker.h).

Usage: torch_step.py THREADS. Takes each PyTorch in its fastest form: fused optimizers where the
version has them on the CPU, one loop over the parameters where not. Data lie in memory as batches;
nothing is read back per step.
"""
import sys
import time

try:
    import torch
    import torch.nn as nn
except Exception as error:  # whatever keeps it from loading is the reason to skip it
    print("no", "it cannot be imported:", " ".join(str(error).split()))
    sys.exit(0)

ROWS = 4096
FORMS = [("fused", {"fused": True}), ("for-loop", {"foreach": False}), ("default", {})]


def make_optimizer(kind, parameters):
    """The first form that this version takes, and its name."""
    for name, options in FORMS:
        try:
            if kind == "sgd":
                optimizer = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, **options)
            else:
                optimizer = torch.optim.Adam(parameters, lr=1e-3, **options)
            return optimizer, name
        except (TypeError, RuntimeError):
            continue
    raise SystemExit("torch_step.py: no optimizer " + kind)


class Training:
    def __init__(self, sizes, batch, kind):
        torch.manual_seed(1)
        layers = []
        for inputs, outputs in zip(sizes, sizes[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.network = nn.Sequential(*layers[:-1])
        x = torch.rand(ROWS, sizes[0]) * 2 - 1
        labels = torch.arange(ROWS) % sizes[-1]
        self.batches = [(x[at:at + batch], labels[at:at + batch])
                        for at in range(0, ROWS, batch)]
        self.loss = nn.CrossEntropyLoss()
        self.optimizer, self.form = make_optimizer(kind, list(self.network.parameters()))
        self.at = 0

    def step(self):
        x, labels = self.batches[self.at % len(self.batches)]
        self.at += 1
        loss = self.loss(self.network(x), labels)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss

    def learns(self):
        """True if the loss on one batch falls in a few steps: it trains at all."""
        losses = []
        for _ in range(6):
            self.at = 0
            losses.append(float(self.step().detach()))
        return losses[-1] < losses[0]

    def run(self, repetitions):
        start = time.perf_counter()
        for _ in range(repetitions):
            self.step()
        return time.perf_counter() - start


def main():
    torch.set_num_threads(int(sys.argv[1]))
    print("ready", torch.__version__, flush=True)
    training = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "case":
            sizes = [int(size) for size in words[1].split("-")]
            training = Training(sizes, int(words[2]), words[3])
            print("ok " + training.form if training.learns() else "wrong: its loss does not fall",
                  flush=True)
        elif words[0] == "run":
            print(training.run(int(words[1])), flush=True)


main()
