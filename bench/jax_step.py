"""JAX's training step on the processor, as a worker of bench_step (the protocol: bench/harness/worker.h).

Usage: jax_step.py THREADS FORM; FORM is step, a compiled step a call, or scan, a compiled loop over 64
steps without Python in between. Parameters and moments are donated, so that they are updated in place;
the optimizers are optax's. Data lie in memory as batches, which steps take in order; nothing is read
back. XLA takes a thread for each core and has no option for another number.
"""
import os
import sys

import worker

try:
    import jax
    import jax.numpy as jnp
    import optax
except Exception as error:  # whatever keeps it from loading is the reason to skip it
    worker.say("no", "it cannot be imported:", worker.one_line(error))
    sys.exit(0)

SCAN = 64  # steps of a loop
EPSILON = 1e-5  # of layer normalisation


def first_parameters(key, width, layers):
    parameters = []
    for layer in layers:
        if layer[0] == "dense":
            key, own = jax.random.split(key)
            parameters.append((jax.random.normal(own, (width, layer[1])) * (2 / width) ** 0.5,
                               jnp.zeros(layer[1])))
            width = layer[1]
        else:
            parameters.append((jnp.ones(width), jnp.zeros(width)) if layer[0] == "layernorm" else ())
    return parameters


def dropout(x, rate, key):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def normalise(x):
    mean = x.mean(axis=1, keepdims=True)
    return (x - mean) / jnp.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + EPSILON)


def forward(layers, parameters, x, key):
    for index, (layer, own) in enumerate(zip(layers, parameters)):
        if layer[0] == "drop":
            x = dropout(x, layer[1], jax.random.fold_in(key, index))
            continue
        x = x @ own[0] + own[1] if layer[0] == "dense" else normalise(x) * own[0] + own[1]
        x = jax.nn.relu(x) if layer[-1] else x
    return x


class Training:
    def __init__(self, spec, batch, kind, form):
        layers, inputs = worker.layers_of(spec), int(spec.split("-")[0])
        rows = worker.rows_of(batch)
        key = jax.random.PRNGKey(1)
        self.optimizer = optax.sgd(1e-3, momentum=0.9) if kind == "sgd" else optax.adam(1e-3)
        self.layers, self.batches = layers, rows // batch
        self.x = jax.random.uniform(key, (self.batches, batch, inputs), minval=-1, maxval=1)
        self.labels = (jnp.arange(rows) % layers[-1][1]).reshape(self.batches, batch)
        parameters = first_parameters(key, inputs, layers)
        self.state = (parameters, self.optimizer.init(parameters), jnp.zeros((), jnp.int32))
        self.steps = SCAN if form == "scan" else 1
        self.compiled = jax.jit(self.loop if form == "scan" else self.step, donate_argnums=0)
        self.note, self.loss, self.scale = form, None, 1

    def step(self, state, x, labels):
        parameters, moments, at = state
        key = jax.random.fold_in(jax.random.PRNGKey(2), at)

        def loss_of(parameters):
            z = forward(self.layers, parameters, x[at % self.batches], key)
            return optax.softmax_cross_entropy_with_integer_labels(
                z, labels[at % self.batches]).mean()
        loss, gradients = jax.value_and_grad(loss_of)(parameters)
        change, moments = self.optimizer.update(gradients, moments, parameters)
        return (optax.apply_updates(parameters, change), moments, at + 1), loss

    def loop(self, state, x, labels):
        state, losses = jax.lax.scan(lambda state, _: self.step(state, x, labels), state, None,
                                     length=SCAN)
        return state, losses[-1]

    def run(self, repetitions):
        calls = -(-repetitions // self.steps)
        self.scale = repetitions / (calls * self.steps)
        for _ in range(calls):
            self.state, self.loss = self.compiled(self.state, self.x, self.labels)
        jax.block_until_ready((self.state, self.loss))

    def check(self):
        """It trains at all if the loss falls in some rounds through the batches."""
        first = float(self.step(self.state, self.x, self.labels)[1])
        self.run(max(256, 4 * self.batches))
        return None if float(self.loss) < first else "its loss does not fall"


def main():
    threads, form = int(sys.argv[1]), sys.argv[2]
    if threads != len(os.sched_getaffinity(0)):
        worker.say("no", f"it takes all {len(os.sched_getaffinity(0))} cores, not {threads}")
        sys.exit(0)
    worker.serve(jax.__version__, lambda words: Training(words[0], int(words[1]), words[2], form),
                 lambda: None)


main()
