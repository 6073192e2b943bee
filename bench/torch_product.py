"""Matrix products of PyTorch, cuBLAS's on a CUDA device, as a worker (harness/worker.h).

Usage: torch_product.py THREADS DEVICE. A case is "LAYOUT M N K PRECISION", as in product.h; PRECISION
is fp32, tf32 or bf16, which rounds the operands and the result. The result is compared with the
product in double precision, on the device: rounding errors of random terms grow with the root of
their squares' sum, and the bound is some times that, as in product.c.
"""
import sys

from torch_worker import open_device, serve, torch

# Unit roundoffs: of the sum, of an operand as the multiplier sees it, of the result.
ROUNDOFFS = {"fp32": (2.0 ** -24, 0, 0), "tf32": (2.0 ** -24, 2.0 ** -10, 0),
             "bf16": (2.0 ** -24, 0, 2.0 ** -8)}
TIMES = 16


class Product:
    def __init__(self, layout, sizes, precision, device):
        torch.manual_seed(1)
        m, n, k = self.sizes = sizes
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")

        def operand(rows, cols, transposed):
            shape = (cols, rows) if transposed else (rows, cols)
            stored = (torch.rand(shape) * 2 - 1).to(kind).to(device)
            return stored.t() if transposed else stored
        self.a, self.b = operand(m, k, layout[0] == "t"), operand(k, n, layout[1] == "t")
        self.c = torch.empty(m, n, dtype=kind, device=device)
        self.precision = self.note = precision

    def check(self):
        self.run(1)
        a, b = self.a.double(), self.b.double()
        want, spread = a @ b, ((a * a) @ (b * b)).sqrt()
        total, operand, result = ROUNDOFFS[self.precision]
        bound = TIMES * spread * (total * self.sizes[2] ** 0.5 + operand + result)
        off = (self.c.double() - want).abs() > bound + result * want.abs()
        count = int(off.sum())
        return f"{count} elements of {self.sizes} are beyond the bound" if count else None

    def run(self, repetitions):
        for _ in range(repetitions):
            torch.mm(self.a, self.b, out=self.c)


def main():
    device = open_device(*sys.argv[1:3])
    serve(device, lambda words: Product(words[0], [int(size) for size in words[1:4]], words[4],
                                        device))


main()
