"""Trains networks from the same weights with ebb and with PyTorch and compares the weights.

Usage: torch_parity.py EBB_TOOL DIGITS_CSV [CASE]. Exits 77 (skipped) where PyTorch is not installed.
Each row of CASES is trained for 100 steps in the order of the file, with a partial last batch in each
epoch. Weights must agree within 1e-4 relative: the largest difference against the largest weight,
tensor by tensor. PyTorch computes in double precision: its float32 GELU loses the tail
(1 + erf(x) is 0 where x < -3.9), and Adam makes steps of that.

A new activation is a name in the row "all activations"; a new loss, optimizer or kind is a row.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import torch
class Lion(torch.optim.Optimizer):
    """As Chen et al. 2023 define it; PyTorch has none."""

    def __init__(self, parameters, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), lr = group["betas"], group["lr"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - lr * group["decay"]).sub_(lr * torch.sign(beta1 * m + (1 - beta1) * p.grad))
                m.mul_(beta2).add_((1 - beta2) * p.grad)


DIGITS, VALUE, LINEAR = "64-48gelu-32tanh-10", "64-48gelu-32tanh-1", "64-1"
