"""PyTorch's training step, as a worker of bench_step (the protocol: bench/harness/worker.h).

Usage: torch_step.py THREADS DEVICE FORM; DEVICE is cpu or cuda, FORM eager or, on cuda, graph. Takes
each PyTorch in its fastest form: fused optimizers where the version has them on the device, one loop
over the parameters where not on a CPU. Data lie in the device's memory as batches; nothing is read
back per step. A graph holds a whole step on one batch; up to eight of them are replayed in turn, so
that no step has to copy its batch first.
"""
import sys

import worker
from torch_worker import open_device, serve, torch

nn = torch.nn
FORMS = {"cpu": [("fused", {"fused": True}), ("for-loop", {"foreach": False}), ("default", {})],
         "cuda": [("fused", {"fused": True}), ("foreach", {"foreach": True}), ("default", {})]}
GRAPHS = 8
WARM_UP = 3  # steps before a capture: what PyTorch asks for


def make_optimizer(kind, parameters, device, capturable):
    """The first form that this version takes, and its name."""
    extra = {"capturable": True} if capturable and kind != "sgd" else {}
    for name, options in FORMS[device.type]:
        try:
            if kind == "sgd":
                optimizer = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, **options)
            else:
                optimizer = torch.optim.Adam(parameters, lr=1e-3, **options, **extra)
            return optimizer, name
        except (TypeError, RuntimeError):
            continue
    raise SystemExit("torch_step.py: no optimizer " + kind)


def make_network(spec):
    width, modules = int(spec.split("-")[0]), []
    for layer in worker.layers_of(spec):
        if layer[0] == "drop":
            modules.append(nn.Dropout(layer[1]))
            continue
        modules.append(nn.Linear(width, layer[1]) if layer[0] == "dense" else nn.LayerNorm(width))
        width = layer[1] if layer[0] == "dense" else width
        modules += [nn.ReLU()] if layer[-1] else []
    return nn.Sequential(*modules)


class Training:
    def __init__(self, spec, batch, kind, device, graph=False):
        torch.manual_seed(1)
        torch.set_float32_matmul_precision("highest")  # no TF32
        self.network = make_network(spec).to(device)
        rows, sizes = worker.rows_of(batch), spec.split("-")
        x = (torch.rand(rows, int(sizes[0])) * 2 - 1).to(device)
        labels = (torch.arange(rows) % int(sizes[-1])).to(device)
        self.batches = [(x[at:at + batch], labels[at:at + batch])
                        for at in range(0, rows, batch)]
        self.loss = nn.CrossEntropyLoss()
        self.optimizer, form = make_optimizer(kind, list(self.network.parameters()), device, graph)
        self.at = 0
        self.step = self.eager_step
        if graph:
            self.capture()
        self.note = f"{form}, {len(self.graphs)} graphs" if graph else form

    def train_on(self, x, labels):
        loss = self.loss(self.network(x), labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def eager_step(self):
        loss = self.train_on(*self.batches[self.at % len(self.batches)])
        self.at += 1
        self.optimizer.zero_grad(set_to_none=True)
        return loss

    def graph_step(self):
        graph, loss = self.graphs[self.at % len(self.graphs)]
        self.at += 1
        graph.replay()
        return loss

    def capture(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self.eager_step()
        torch.cuda.current_stream().wait_stream(side)
        self.graphs = []
        for x, labels in self.batches[:GRAPHS]:
            self.optimizer.zero_grad(set_to_none=True)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                loss = self.train_on(x, labels)
            self.graphs.append((graph, loss))
        self.step = self.graph_step

    def check(self):
        """It trains at all if the loss on one batch falls in a few steps."""
        losses = []
        for _ in range(6):
            self.at = 0
            losses.append(float(self.step().detach()))
        return None if losses[-1] < losses[0] else "its loss does not fall"

    def run(self, repetitions):
        for _ in range(repetitions):
            self.step()


def main():
    device, graph = open_device(*sys.argv[1:3]), sys.argv[3] == "graph"

    def make(words):
        return Training(words[0], int(words[1]), words[2], device, graph)
    serve(device, make)


main()
