"""Trains networks from the same weights with ebb and with PyTorch and compares the weights.

Usage: torch_parity.py EBB_TOOL DIGITS_CSV [CASE]. Exits 77 (skipped) where PyTorch is not installed.
Each row of CASES is trained for 100 steps in the order of the file, with a partial last batch in each
epoch; L-BFGS, which amplifies rounding, for 20 steps over all rows. Weights must agree within 1e-4 relative: the largest difference against the largest weight,
tensor by tensor. PyTorch computes in double precision: its float32 GELU loses the tail
(1 + erf(x) is 0 where x < -3.9), and Adam makes steps of that.

A new activation is a name in the rows of activations; a new loss, optimizer or kind is a row.
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
    from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, MultiStepLR, OneCycleLR, PolynomialLR
    from torch.nn import (CELU, ELU, GELU, GLU, SELU, BatchNorm1d, Dropout, Embedding, Hardsigmoid, Hardswish,
                          Hardtanh, LayerNorm, LeakyReLU, Linear, Mish, PReLU, RMSNorm, ReLU, ReLU6,
                          Sequential, SiLU, Sigmoid, Softplus, Softsign, Tanh)
    from torch.optim import SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Muon, NAdam, RAdam, RMSprop, Rprop
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

BATCH, EPOCHS, STEPS, BOUND = 90, 5, 100, 1e-4  # of 1,797 rows
SEARCHES, SEARCH = 20, "--optimizer lbfgs --batch 1797 --epochs 20"
CLASSES, VALUES = ["--task", "classification"], ["--task", "regression", "--no-scale-target"]
WEIGHTED = ["--weight-column", "weight"]


def digits():
    return Sequential(Linear(64, 48), GELU(), Linear(48, 32), Tanh(), Linear(32, 10))


def value():
    return Sequential(Linear(64, 48), GELU(), Linear(48, 32), Tanh(), Linear(32, 1))


def two():
    return Sequential(Linear(64, 48), GELU(), Linear(48, 32), Tanh(), Linear(32, 2))


def shares():
    return Sequential(Linear(64, 48), GELU(), Linear(48, 32), Tanh(), Linear(32, 3))


def linear():
    """No gradient is 0 except for rounding, of which a sign, or g / sqrt(g^2), would make a whole step."""
    return Sequential(Linear(64, 1))


def all_activations():
    return Sequential(Linear(64, 24), ReLU(), Linear(24, 23), LeakyReLU(), Linear(23, 22), Sigmoid(),
                      Linear(22, 21), Tanh(), Linear(21, 20), GELU(), Linear(20, 19), GELU("tanh"),
                      Linear(19, 18), SiLU(), Linear(18, 17), Softplus(), Linear(17, 16), ELU(),
                      Linear(16, 15), Mish(), Linear(15, 10))


class Function(torch.nn.Module):
    """An activation that PyTorch has only as a function."""

    def __init__(self, function):
        super().__init__()
        self.forward = function


def no_bias():
    return Sequential(Linear(64, 48, bias=False), GELU(), Linear(48, 32), Tanh(), Linear(32, 10, bias=False))


def bent(z):
    return (torch.sqrt(z * z + 1) - 1) / 2 + z


def formulas():
    return Sequential(Linear(64, 24), Softsign(), Linear(24, 23), SiLU(), Linear(23, 22), Function(bent),
                      Linear(22, 21), Softsign(), Linear(21, 10))


def more_activations():
    return Sequential(Linear(64, 24), ReLU6(), Linear(24, 23), SELU(), Linear(23, 22), Softsign(),
                      Linear(22, 21), Function(torch.square), Linear(21, 20), Hardsigmoid(),
                      Linear(20, 19), Function(torch.exp), Linear(19, 18), Hardtanh(),
                      Linear(18, 17), Hardswish(), Linear(17, 10))


def activation_parameters():
    return Sequential(Linear(64, 24), LeakyReLU(0.2), Linear(24, 23), ELU(0.5), Linear(23, 22), CELU(2),
                      Linear(22, 21), Function(lambda z: torch.sin(3 * z)), Linear(21, 20), CELU(),
                      Linear(20, 10))


class Residual(Sequential):
    """res(...): what its modules make of x, added to x."""

    def forward(self, x):
        return x + super().forward(x)


def residual():
    return Sequential(Linear(64, 48), GELU(), Residual(Linear(48, 32), Tanh(), Linear(32, 48)), Linear(48, 10))


class Wide(Sequential):
    """wide(...): what its modules make of x, beside x."""

    def forward(self, x):
        return torch.cat([super().forward(x), x], 1)


class SwiGLU(torch.nn.Module):
    def forward(self, x):
        a, b = x.chunk(2, 1)
        return a * torch.nn.functional.silu(b)


class Embed(Embedding):
    """embed20x17x6: the first 20 columns are codes of one table; the others come first."""

    def forward(self, x):
        return torch.cat([x[:, 20:], super().forward(x[:, :20].long()).flatten(1)], 1)


class Periodic(torch.nn.Module):
    """periodic40x5x4: each of the first 40 columns and 3 mixes of 5 cosines, behind the others."""

    def __init__(self):
        super().__init__()
        self.frequency, self.phase = (torch.nn.Parameter(torch.randn(40, 5) / 9) for _ in "ab")
        self.mix, self.shift = torch.nn.Parameter(torch.randn(120, 5)), torch.nn.Parameter(torch.zeros(40, 3))

    def forward(self, x):
        number = x[:, :40, None]
        waves = torch.cos(2 * torch.pi * self.frequency * number + self.phase)
        mixes = torch.einsum("bjf,jof->bjo", waves, self.mix.view(40, 3, 5)) + self.shift
        return torch.cat([x[:, 40:], torch.cat([number, mixes], 2).flatten(1)], 1)


def periodic():
    return Sequential(Periodic(), Linear(184, 32), Tanh(), Linear(32, 10))


def embedding():
    return Sequential(Embed(17, 6), Linear(164, 32), Tanh(), Linear(32, 10))


def wide():
    return Sequential(Wide(Linear(64, 48), GELU(), Linear(48, 13), Tanh()), Linear(77, 10))


def gates():
    return Sequential(Linear(64, 46), GLU(), Linear(23, 34), Tanh(), SwiGLU(), Linear(17, 10))


def no_dropout():
    return Sequential(Linear(64, 48), GELU(), Dropout(0), Linear(48, 32), Tanh(), Linear(32, 10))


def batchnorms():
    return Sequential(Linear(64, 48), BatchNorm1d(48), GELU(), Linear(48, 32),
                      BatchNorm1d(32, eps=1e-3, momentum=0.3), Tanh(), Linear(32, 10))


def norms():
    return Sequential(Linear(64, 48), LayerNorm(48), GELU(), Linear(48, 32), RMSNorm(32, eps=1e-3), Tanh(),
                      Linear(32, 32), LayerNorm(32, eps=0.01), Linear(32, 10))



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


class Lamb(torch.optim.Optimizer):
    """As You et al. 2020 define it, biases left out of the trust ratio as in their code; PyTorch has none."""

    def __init__(self, parameters, lr=0.01, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), lr = group["betas"], group["lr"]
            for p in group["params"]:
                state = self.state[p]
                m, v = (state.setdefault(name, torch.zeros_like(p)) for name in "mv")
                state["step"] = state.get("step", 0) + 1
                m.mul_(beta1).add_((1 - beta1) * p.grad)
                v.mul_(beta2).add_((1 - beta2) * p.grad ** 2)
                root = (v / (1 - beta2 ** state["step"])).sqrt() + group["eps"]
                step = m / (1 - beta1 ** state["step"]) / root + group["decay"] * p
                ratio = p.norm() / step.norm() if p.dim() > 1 and p.norm() > 0 and step.norm() > 0 else 1
                p.sub_(lr * ratio * step)


def orthogonal(x, coefficients, steps, eps):
    """As torch.optim.Muon makes directions orthogonal, in the precision of x in place of bfloat16."""
    a, b, c = coefficients
    wide = x.T if x.size(0) > x.size(1) else x
    wide = wide / wide.norm().clamp(min=eps)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide.T if x.size(0) > x.size(1) else wide


def muon(parameters, lr, scale, momentum=0.95, decay=0.1, last=False):
    """PyTorch's Muon for weights, the last one's apart unless `last`, and AdamW for the rest, as one."""
    torch.optim._muon._zeropower_via_newtonschulz = orthogonal
    parameters = list(parameters)
    weights = [p for p in parameters if p.dim() > 1]
    weights = weights if last else weights[:-1]
    rest = [p for p in parameters if not any(p is weight for weight in weights)]
    adamw = AdamW(rest, lr=lr, weight_decay=decay)
    both = Muon(weights, lr=lr, weight_decay=decay, momentum=momentum, adjust_lr_fn=scale)
    both.register_step_post_hook(lambda *_: adamw.step())
    both.register_step_post_hook(lambda *_: adamw.zero_grad())
    return both


def groups(parameters, rate, factors, decay, bias_decay):
    """Weight and bias of each layer as groups; a factor of 0 freezes the layer."""
    pairs = zip(*[iter(parameters)] * 2)
    made = []
    for factor, pair in zip(factors, pairs):
        for tensor, own in zip(pair, (decay, bias_decay)):
            tensor.requires_grad_(factor > 0)
            if factor > 0:
                made.append({"params": [tensor], "lr": rate * factor, "weight_decay": own})
    return made


def clipped(optimizer, norm=None, value=None):
    """Clips all gradients before each step."""
    def clip(*_):
        if norm:
            torch.nn.utils.clip_grad_norm_(tensors_of(optimizer), norm)
        if value:
            torch.nn.utils.clip_grad_value_(tensors_of(optimizer), value)
    optimizer.register_step_pre_hook(clip)
    return optimizer


def penalised(optimizer, l2):
    """Adds the gradient of the penalty l2 / 2 |p|^2, after what was registered before."""
    def add(*_):
        for tensor in tensors_of(optimizer):
            tensor.grad.add_(l2 * tensor.detach())
    optimizer.register_step_pre_hook(add)
    return optimizer


class Searching(torch.optim.LBFGS):
    """One iteration a step, over all rows; the penalty l2 / 2 |w|^2 is a part of what it minimises."""

    def __init__(self, parameters, lr=1, history=10, l2=0, bias_l2=0):
        super().__init__(parameters, lr, max_iter=1, max_eval=1000, history_size=history,
                         line_search_fn="strong_wolfe")
        self.penalties = l2, bias_l2

    def penalty(self):
        return sum(self.penalties[p.dim() == 1] / 2 * (p ** 2).sum() for p in tensors_of(self))


def tensors_of(optimizer):
    return [tensor for group in optimizer.param_groups for tensor in group["params"]]


def averaged(optimizer, decay):
    """Ends with the moving average of swa_utils in place of the weights."""
    average = []

    def follow(*_):
        tensors = tensors_of(optimizer)
        if average:
            torch.optim.swa_utils.get_ema_multi_avg_fn(decay)(average, tensors, None)
        else:
            average.extend(tensor.detach().clone() for tensor in tensors)

    def finish():
        for tensor, value in zip(tensors_of(optimizer), average):
            tensor.data.copy_(value)
    optimizer.register_step_post_hook(follow)
    optimizer.finish = finish
    return optimizer


def bounded(optimizer, most):
    """Shrinks the weights into each unit after each step."""
    def shrink(*_):
        for tensor in tensors_of(optimizer):
            if tensor.dim() == 2:
                tensor.data.copy_(torch.renorm(tensor.data, 2, 0, most))
    optimizer.register_step_post_hook(shrink)
    return optimizer
class Scale(torch.nn.Module):
    """A factor for each column."""

    def __init__(self, columns):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(columns))

    def forward(self, x):
        return x * self.weight


def scaled():
    return Sequential(Scale(64), Linear(64, 48), PReLU(48), Linear(48, 10))


MEMBERS = 4


class Members(torch.nn.Module):
    """Each row once for each member: [B, k, columns]."""

    def forward(self, x):
        return x[:, None].expand(-1, MEMBERS, -1)


class Adapter(torch.nn.Module):
    """TabM's factor and bias of each member."""

    def __init__(self, columns, bias=True, signs=False):
        super().__init__()
        first = torch.randint(0, 2, (MEMBERS, columns)) * 2.0 - 1 if signs else torch.ones(MEMBERS, columns)
        self.weight = torch.nn.Parameter(first)
        self.bias = torch.nn.Parameter(torch.zeros(MEMBERS, columns)) if bias else None

    def forward(self, x):
        return x * self.weight if self.bias is None else x * self.weight + self.bias


class Heads(torch.nn.Module):
    """An output layer for each member."""

    def __init__(self, columns, outputs):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(MEMBERS * outputs, columns) / columns ** 0.5)
        self.bias = torch.nn.Parameter(torch.zeros(MEMBERS, outputs))

    def forward(self, x):
        weight = self.weight.reshape(MEMBERS, -1, self.weight.shape[1])
        return torch.einsum("bkd,kod->bko", x, weight) + self.bias


class Mean(torch.nn.Module):
    """In evaluation the logarithm of the members' mean probabilities."""

    def forward(self, z):
        return z if self.training else torch.log(torch.softmax(z, 2).mean(1))


def ensemble():
    return Sequential(Members(), Adapter(64, bias=False, signs=True), Linear(64, 48, bias=False), Adapter(48), GELU(),
                      Adapter(48, bias=False), Linear(48, 32, bias=False), Adapter(32), Tanh(), Heads(32, 10), Mean())


def member_loss(z, y):
    """The mean of each member's own loss."""
    return cross_entropy(z.flatten(0, 1), y.repeat_interleave(MEMBERS))


DIGITS, VALUE, LINEAR = "64-48gelu-32tanh-10", "64-48gelu-32tanh-1", "64-1"
TWO, SHARES = "64-48gelu-32tanh-2", "64-48gelu-32tanh-3"
ALL = "64-24relu-23leaky_relu-22sigmoid-21tanh-20gelu-19gelu_tanh-18silu-17softplus-16elu-15mish-10"
WIDE, GATES = "64-wide(48gelu-13tanh)-10", "64-46-glu-34tanh-swiglu-10"
PERIODIC = "64-periodic40x5x4-32tanh-10"
EMBEDDING = "64-embed20x17x6-32tanh-10"
MORE = "64-24relu6-23selu-22softsign-21square-20hard_sigmoid-19exp-18hard_tanh-17hard_swish-10"
FORMULAS = ("64-24soft(z / (1 + fabs(z)))-23own(z / (1 + exp(-z)))-"
            "22bent((sqrt(z * z + 1) - 1) / 2 + z; z / (2 * sqrt(z * z + 1)) + 1)-21soft-10")
PARAMETERS = "64-24leaky_relu(0.2)-23elu(0.5)-22celu(2)-21sin(3)-20celu-10"
NO_BIAS = "64-48gelu:nobias-32tanh-10:nobias"
ENSEMBLE = ("64-members4-adapter:nobias:signs-48:nobias-adaptergelu-adapter:nobias-32:nobias-adaptertanh-heads10-"
            "mean:softmax")
RESIDUAL, NO_DROPOUT = "64-48gelu-res(32tanh-48)-10", "64-48gelu-drop0-32tanh-10"
BATCHNORMS = "64-48-batchnormgelu-32-batchnorm0.001x0.3tanh-10"
NORMS = "64-48-layernormgelu-32-rmsnorm0.001tanh-32-layernorm0.01-10"
cross_entropy, mse = torch.nn.CrossEntropyLoss(), torch.nn.MSELoss()


def scheduled(optimizer, make_schedule, *arguments, **named):
    """The optimizer, whose learning rate goes on after each step."""
    schedule = make_schedule(optimizer, *arguments, **named)
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    return optimizer
def tweedie(z, y):
    """PyTorch has none; its derivative is PyTorch's."""
    return (torch.exp(0.7 * z) / 0.7 + y * torch.exp(-0.3 * z) / 0.3).mean()


def focal(z, y):
    entropy = torch.nn.functional.cross_entropy(z, y, reduction="none")
    return ((1 - torch.exp(-entropy)) ** 1.5 * entropy).mean()


def pinball(z, y):
    return torch.maximum(0.9 * (y - z), 0.1 * (z - y)).mean()


def focal_root(z, y):
    entropy = torch.nn.functional.cross_entropy(z, y, reduction="none")
    return ((1 - torch.exp(-entropy)) ** 0.5 * entropy).mean()


def cosine(z, y):
    return torch.nn.functional.cosine_embedding_loss(z, y, torch.ones(len(z)))


def pinballs(z, y):
    q = torch.tensor([0.1, 0.7])
    return torch.maximum(q * (y - z), (1 - q) * (z - y)).mean()


def gaussian(z, y, eps=1e-6):
    return torch.nn.functional.gaussian_nll_loss(z[:, :1], y, torch.exp(z[:, 1:]), eps=eps)


def gaussian_floor(z, y):
    return gaussian(z, y, 0.9)


# name, spec, modules, the tool's options and PyTorch's for the loss, and for the optimizer
CASES = [
    ("sgd with momentum", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("sgd with nesterov and decay", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --nesterov --weight-decay 0.001 --lr 0.01",
     lambda p: SGD(p, lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.001)),
    ("adam", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adam --lr 0.001", lambda p: Adam(p, lr=0.001)),
    ("adamw", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adamw --lr 0.001 --weight-decay 0.01",
     lambda p: AdamW(p, lr=0.001, weight_decay=0.01)),
    ("adam, layer by layer", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adam --lr 0.001 --step layers", lambda p: Adam(p, lr=0.001)),
    ("mse", VALUE, value, VALUES, mse,
     "--optimizer sgd --lr 0.001", lambda p: SGD(p, lr=0.001)),
    ("huber", VALUE, value, VALUES + ["--loss", "huber"], torch.nn.HuberLoss(),
     "--optimizer sgd --lr 0.01", lambda p: SGD(p, lr=0.01)),
    ("huber with delta", VALUE, value, VALUES + ["--loss", "huber(2.5)"], torch.nn.HuberLoss(delta=2.5),
     "--optimizer sgd --lr 0.01", lambda p: SGD(p, lr=0.01)),
    ("mae", VALUE, value, VALUES + ["--loss", "mae"], torch.nn.L1Loss(),
     "--optimizer sgd --lr 0.01", lambda p: SGD(p, lr=0.01)),
    ("poisson", VALUE, value, VALUES + ["--loss", "poisson"], torch.nn.PoissonNLLLoss(),
     "--optimizer sgd --lr 0.001", lambda p: SGD(p, lr=0.001)),
    ("tweedie", VALUE, value, VALUES + ["--loss", "tweedie(1.3)"], tweedie,
     "--optimizer sgd --lr 0.001", lambda p: SGD(p, lr=0.001)),
    ("quantile", VALUE, value, VALUES + ["--loss", "quantile(0.9)"], pinball,
     "--optimizer sgd --lr 0.01", lambda p: SGD(p, lr=0.01)),
    ("several quantiles", TWO, two, VALUES + ["--loss", "quantile(0.1,0.7)"], pinballs,
     "--optimizer sgd --lr 0.01", lambda p: SGD(p, lr=0.01)),
    ("gaussian", TWO, two, VALUES + ["--loss", "gaussian"], gaussian,
     "--optimizer sgd --lr 0.001", lambda p: SGD(p, lr=0.001)),
    ("gaussian with a floor, layer by layer", TWO, two, VALUES + ["--loss", "gaussian(0.9)"], gaussian_floor,
     "--optimizer sgd --lr 0.001 --step layers", lambda p: SGD(p, lr=0.001)),
    ("bce", VALUE, value, VALUES + ["--loss", "bce"], torch.nn.BCEWithLogitsLoss(),
     "--optimizer sgd --lr 0.1", lambda p: SGD(p, lr=0.1)),
    ("label smoothing", DIGITS, digits, CLASSES + ["--loss", "cross_entropy(0.1)"],
     torch.nn.CrossEntropyLoss(label_smoothing=0.1),
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("focal", DIGITS, digits, CLASSES + ["--loss", "focal(1.5)"], focal,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("focal of gamma below 1", DIGITS, digits, CLASSES + ["--loss", "focal(0.5)"], focal_root,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("hinge", DIGITS, digits, CLASSES + ["--loss", "hinge"], torch.nn.MultiMarginLoss(),
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("squared hinge", DIGITS, digits, CLASSES + ["--loss", "squared_hinge(0.5)"],
     torch.nn.MultiMarginLoss(p=2, margin=0.5),
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("cosine", SHARES, shares, VALUES + ["--loss", "cosine"], cosine,
     "--optimizer sgd --lr 0.01", lambda p: SGD(p, lr=0.01)),
    ("probabilities of classes", SHARES, shares, VALUES + ["--loss", "cross_entropy(0.1)"],
     torch.nn.CrossEntropyLoss(label_smoothing=0.1),
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("probabilities of classes, layer by layer", SHARES, shares, VALUES + ["--loss", "cross_entropy"],
     torch.nn.CrossEntropyLoss(),
     "--optimizer sgd --lr 0.01 --step layers", lambda p: SGD(p, lr=0.01)),
    ("rmsprop", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer rmsprop --lr 0.0001", lambda p: RMSprop(p, lr=0.0001)),
    ("rmsprop with momentum and decay", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer rmsprop --momentum 0.9 --alpha 0.9 --weight-decay 0.001 --lr 0.0001",
     lambda p: RMSprop(p, lr=0.0001, alpha=0.9, momentum=0.9, weight_decay=0.001)),
    ("adam with amsgrad", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adam --amsgrad --beta2 0.9 --lr 0.001", lambda p: Adam(p, lr=0.001, betas=(0.9, 0.9), amsgrad=True)),
    ("adamw with amsgrad", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adamw --amsgrad --lr 0.001", lambda p: AdamW(p, lr=0.001, amsgrad=True)),
    ("adagrad", LINEAR, linear, VALUES, mse,
     "--optimizer adagrad", lambda p: Adagrad(p)),
    ("adagrad with decays", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adagrad --lr-decay 0.01 --weight-decay 0.001 --epsilon 1e-8",
     lambda p: Adagrad(p, lr_decay=0.01, weight_decay=0.001, eps=1e-8)),
    ("adadelta", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adadelta", lambda p: Adadelta(p)),
    ("adadelta with settings", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adadelta --alpha 0.95 --weight-decay 0.001 --lr 0.5",
     lambda p: Adadelta(p, lr=0.5, rho=0.95, weight_decay=0.001)),
    ("adamax", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adamax --weight-decay 0.001", lambda p: Adamax(p, weight_decay=0.001)),
    ("nadam", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer nadam --lr 0.001", lambda p: NAdam(p, lr=0.001)),
    ("nadam with decays", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer nadam --lr 0.001 --momentum-decay 0.1 --weight-decay 0.01 --decoupled-decay",
     lambda p: NAdam(p, lr=0.001, momentum_decay=0.1, weight_decay=0.01, decoupled_weight_decay=True)),
    ("radam", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer radam", lambda p: RAdam(p)),
    ("radam with decay", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer radam --beta2 0.99 --weight-decay 0.01 --decoupled-decay",
     lambda p: RAdam(p, betas=(0.9, 0.99), weight_decay=0.01, decoupled_weight_decay=True)),
    ("lion", LINEAR, linear, VALUES, mse,
     "--optimizer lion", lambda p: Lion(p)),
    ("lion with settings", LINEAR, linear, VALUES, mse,
     "--optimizer lion --lr 0.001 --beta1 0.95 --beta2 0.98 --weight-decay 0.1",
     lambda p: Lion(p, lr=0.001, betas=(0.95, 0.98), weight_decay=0.1)),
    ("lamb", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer lamb", lambda p: Lamb(p)),
    ("lamb with settings, by layers", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer lamb --lr 0.02 --beta1 0.8 --beta2 0.99 --epsilon 1e-5 --weight-decay 0.1 --step layers",
     lambda p: Lamb(p, lr=0.02, betas=(0.8, 0.99), eps=1e-5, weight_decay=0.1)),
    ("lamb clipped by norm", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer lamb --clip-norm 0.5 --l2 0.003",
     lambda p: penalised(clipped(Lamb(p), norm=0.5), 0.003)),
    ("muon", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer muon", lambda p: muon(p, 0.001, "match_rms_adamw")),
    ("muon as the original, of all layers, by layers", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer muon --lr 0.01 --momentum 0.9 --weight-decay 0.01 --muon-original --muon-last --step layers",
     lambda p: muon(p, 0.01, "original", 0.9, 0.01, True)),
    ("muon in a residual network", RESIDUAL, residual, CLASSES, cross_entropy,
     "--optimizer muon --lr 0.002", lambda p: muon(p, 0.002, "match_rms_adamw")),
    ("lbfgs", DIGITS, digits, CLASSES, cross_entropy, SEARCH + " --l2 0.03",
     lambda p: Searching(p, l2=0.03, bias_l2=0.03)),
    ("lbfgs with settings, by layers", DIGITS, digits, CLASSES, cross_entropy,
     SEARCH + " --lr 0.5 --history 3 --l2 0.01 --weight-decay 0.02 --step layers",
     lambda p: Searching(p, lr=0.5, history=3, l2=0.03, bias_l2=0.03)),
    ("lbfgs with weights of rows, biases without decay", DIGITS, digits, CLASSES + WEIGHTED,
     torch.nn.CrossEntropyLoss(reduction="none"), SEARCH + " --l2 0.05 --no-decay-bias",
     lambda p: Searching(p, l2=0.05)),
    ("rprop", LINEAR, linear, VALUES, mse,
     "--optimizer rprop", lambda p: Rprop(p)),
    ("rprop with settings", LINEAR, linear, VALUES, mse,
     "--optimizer rprop --lr 0.001 --eta-minus 0.4 --eta-plus 1.1 --step-min 1e-4 --step-max 0.002",
     lambda p: Rprop(p, lr=0.001, etas=(0.4, 1.1), step_sizes=(1e-4, 0.002))),
    ("multistep", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --lr 0.05 --schedule multistep(2epochs,0.7)",
     lambda p: scheduled(SGD(p, lr=0.05), MultiStepLR, [40, 70], 0.1)),
    ("cosine with restarts", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --lr 0.05 --schedule cosine_restarts(2) --schedule-length 7 --schedule-factor 0.1",
     lambda p: scheduled(SGD(p, lr=0.05), CosineAnnealingWarmRestarts, 7, 2, 0.005)),
    ("one-cycle", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --lr 0.05 --schedule one_cycle",
     lambda p: scheduled(SGD(p, lr=0.05), OneCycleLR, 0.05, 100, cycle_momentum=False)),
    ("polynomial", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --lr 0.05 --schedule polynomial(1.5) --schedule-length 80",
     lambda p: scheduled(SGD(p, lr=0.05), PolynomialLR, 80, 1.5)),
    ("layers frozen and slowed, biases without decay", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adamw --lr 0.001 --weight-decay 0.1 --no-decay-bias --freeze 1 --layer-rate 2=0.1",
     lambda p: AdamW(groups(p, 0.001, [0, 0.1, 1], 0.1, 0))),
    ("the same by layers", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer adamw --lr 0.001 --weight-decay 0.1 --no-decay-bias --freeze 1 --layer-rate 2=0.1 --step layers",
     lambda p: AdamW(groups(p, 0.001, [0, 0.1, 1], 0.1, 0))),
    ("clipped by norm, and l2", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --clip-norm 0.5 --l2 0.003",
     lambda p: clipped(SGD(p, lr=0.01, momentum=0.9, weight_decay=0.003), norm=0.5)),
    ("clipped by value, by layers", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --clip-value 0.01 --step layers",
     lambda p: clipped(SGD(p, lr=0.01, momentum=0.9), value=0.01)),
    ("moving average", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --average ema=0.9",
     lambda p: averaged(SGD(p, lr=0.01, momentum=0.9), 0.9)),
    ("accumulated batches", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --batch 30 --accumulate 3",
     lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("max-norm", DIGITS, digits, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --max-norm 0.5",
     lambda p: bounded(SGD(p, lr=0.01, momentum=0.9), 0.5)),
    ("scale and prelu", "64-scale-48-prelu-10", scaled, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.001", lambda p: SGD(p, lr=0.001, momentum=0.9)),
    ("members that share weights", ENSEMBLE, ensemble, CLASSES, member_loss,
     "--optimizer adamw --weight-decay 0.01 --lr 0.001", lambda p: AdamW(p, lr=0.001, weight_decay=0.01)),
    ("no bias", NO_BIAS, no_bias, CLASSES, cross_entropy,
     "--optimizer adamw --weight-decay 0.01 --lr 0.001", lambda p: AdamW(p, lr=0.001, weight_decay=0.01)),
    ("no bias, layer by layer", NO_BIAS, no_bias, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --step layers", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("residual", RESIDUAL, residual, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("wide", WIDE, wide, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("embedding of the first pixels", EMBEDDING, embedding, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("periodic", PERIODIC, periodic, CLASSES, cross_entropy,
     "--optimizer sgd --lr 0.0001", lambda p: SGD(p, lr=0.0001)),
    ("glu and swiglu", GATES, gates, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("dropout at rate 0", NO_DROPOUT, no_dropout, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("batchnorm", BATCHNORMS, batchnorms, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("layernorm and rmsnorm", NORMS, norms, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("weights of rows", DIGITS, digits, CLASSES + WEIGHTED, torch.nn.CrossEntropyLoss(reduction="none"),
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("weights of rows, mse layer by layer", VALUE, value, VALUES + WEIGHTED, torch.nn.MSELoss(reduction="none"),
     "--optimizer sgd --lr 0.001 --step layers", lambda p: SGD(p, lr=0.001)),
    ("activations", ALL, all_activations, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("more activations", MORE, more_activations, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("formulas", FORMULAS, formulas, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("formulas, layer by layer", FORMULAS, formulas, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --step layers", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("parameters of activations", PARAMETERS, activation_parameters, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01", lambda p: SGD(p, lr=0.01, momentum=0.9)),
    ("parameters of activations, layer by layer", PARAMETERS, activation_parameters, CLASSES, cross_entropy,
     "--optimizer sgd --momentum 0.9 --lr 0.01 --step layers", lambda p: SGD(p, lr=0.01, momentum=0.9)),
]


def write_safetensors(path, tensors):
    """As the safetensors library writes it for PyTorch: no metadata."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        whole = not tensor.is_floating_point()
        raw = tensor.detach().numpy().astype("<i8" if whole else "<f4").tobytes()
        header[name] = {"dtype": "I64" if whole else "F32", "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    with open(path, "rb") as file:
        raw = file.read()
    size = struct.unpack("<Q", raw[:8])[0]
    header, data = json.loads(raw[8:8 + size]), raw[8 + size:]
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items()}


def weights_of(rows):
    """Weights of the rows, a quarter of them 0."""
    return np.arange(rows) * 7 % 4 / 2


def write_weighted(path, csv):
    with open(csv, encoding="utf-8") as file:
        lines = file.read().splitlines()
    columns = ["weight", *map(str, weights_of(len(lines) - 1))]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{weight},{line}\n" for weight, line in zip(columns, lines))


def train_torch(network, x, y, loss_function, optimizer, weights):
    """Returns how many steps it made. With weights, the loss function gives each row's loss."""
    def evaluate(batch):
        optimizer.zero_grad()
        loss = loss_function(network(x[batch]), y[batch])
        if weights is not None:
            loss = (loss.reshape(len(loss), -1).mean(1) * weights[batch]).mean()
        loss = loss + getattr(optimizer, "penalty", float)()
        loss.backward()
        return loss

    steps = 0
    if isinstance(optimizer, Searching):
        for _ in range(SEARCHES):
            optimizer.step(lambda: evaluate(slice(None)))
        return SEARCHES
    for _ in range(EPOCHS):
        for start in range(0, len(x), BATCH):
            evaluate(slice(start, start + BATCH))
            optimizer.step()
            steps += 1
    getattr(optimizer, "finish", lambda: None)()
    return steps


def train_ebb(tool, csv, spec, init, out, options):
    """Returns how many steps it made."""
    command = [tool, "train", "--data", csv, "--model", spec, "--init", init, "--out", out,
               "--valid", "0", "--no-shuffle", "--no-scale", "--batch", str(BATCH),
               "--epochs", str(EPOCHS), "--quiet", "--json"] + options
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["steps"]


def worst_difference(ours, theirs):
    """Relative, over the tensors; infinite where names or shapes differ or a weight is no number."""
    if {name: x.shape for name, x in ours.items()} != {name: x.shape for name, x in theirs.items()}:
        return float("inf")
    worst = max(np.abs(ours[name] - x).max() / np.abs(x).max() for name, x in theirs.items())
    return float(worst) if np.isfinite(worst) else float("inf")


def worst_evaluation(tool, csv, model, network, x):
    """The largest difference between probabilities by `ebb predict` and by the file in PyTorch, which must
    take it as it is."""
    network.load_state_dict({key: torch.from_numpy(value.copy()) for key, value in read_safetensors(model).items()})
    network.eval()
    lines = subprocess.run([tool, "predict", model, "--data", csv], capture_output=True, text=True, check=True)
    found = np.array([line.split(",")[1:] for line in lines.stdout.splitlines()[1:]], dtype=float)
    with torch.no_grad():
        return float(np.abs(found - torch.softmax(network(x), 1).numpy()).max())


def compare(tool, csv, folder, case):
    name, spec, make_network, task, loss_function, optimizer, make_optimizer = case
    rows = np.loadtxt(csv, delimiter=",", skiprows=1)
    if "bce" in task:  # 0 or 1: whether the digit is above 4
        rows[:, -1] = rows[:, -1] > 4
        csv = os.path.join(folder, "binary.csv")
        np.savetxt(csv, rows, "%g", ",", header=",".join(f"x{i}" for i in range(rows.shape[1])), comments="")
    x, y = torch.from_numpy(rows[:, :-1].copy()), torch.from_numpy(rows[:, -1].copy())
    y = y.long() if "classification" in task else y[:, None]
    if spec == SHARES:  # three columns of probabilities
        y = torch.stack([y[:, 0] / 20, y[:, 0] / 30, 1 - y[:, 0] / 12], 1)
        names = [f"x{i}" for i in range(x.shape[1])] + ["a", "b", "c"]
        csv, task = os.path.join(folder, "shares.csv"), task + ["--target", "a,b,c"]
        np.savetxt(csv, np.hstack([x, y]), "%.9g", ",", header=",".join(names), comments="")
    weights = None
    if WEIGHTED[0] in task:
        weights = torch.from_numpy(weights_of(len(x)) / weights_of(len(x)).mean())
        write_weighted(os.path.join(folder, "weighted.csv"), csv)
        csv = os.path.join(folder, "weighted.csv")
    torch.manual_seed(1)
    network = make_network()
    init, out = os.path.join(folder, "init.safetensors"), os.path.join(folder, "out.safetensors")
    write_safetensors(init, network.state_dict())
    network.double()
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    steps = [train_torch(network, x, y, loss_function, make_optimizer(network.parameters()), weights),
             train_ebb(tool, csv, spec, init, out, task + optimizer.split())]
    after = {key: tensor for key, tensor in network.state_dict().items() if tensor.is_floating_point()}
    worst = worst_difference(read_safetensors(out), {key: after[key].numpy() for key in after})
    # A bias before batchnorm has no gradient.
    moved = min(float((after[key] - before[key]).abs().max())
                for key, tensor in network.named_parameters() if tensor.requires_grad and not key.endswith("bias"))
    mean = any(isinstance(module, Mean) for module in network)
    if mean or any(key.endswith("running_mean") for key in after):  # evaluation differs from training
        worst = max(worst, worst_evaluation(tool, csv, out, network, x))
    good = worst <= BOUND and moved > 0 and steps == 2 * [SEARCHES if SEARCH in optimizer else STEPS]
    print(f"{'ok' if good else 'not ok'} {name}: worst relative difference {worst:.2e}, "
          f"bound {BOUND:g}; steps: PyTorch {steps[0]}, ebb {steps[1]}", flush=True)
    return good


def main():
    tool, csv, *wanted = sys.argv[1:]
    cases = [case for case in CASES if not wanted or case[0] in wanted]
    if not cases:
        sys.exit(f"torch_parity: no case is named {wanted}")
    with tempfile.TemporaryDirectory() as folder:
        results = [compare(tool, csv, folder, case) for case in cases]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
