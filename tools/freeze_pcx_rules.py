#!/usr/bin/env python3
"""Freezes what PCX's learning rules do to weights as one JSON file, which tests/learn/pcx_rules_test.cpp compares with pcxx's.

Needs  pip install "jax==0.10.2" equinox optax jaxtyping numpy  and  pip install --no-deps "pcx==0.6.3".

  freeze_pcx_rules.py --out tests/pcx/rules.json

The network is x (2) -> a (4) -> b (3) -> y (2), tanh but for the last, with squared errors; every case begins at the same
weights and sees the same two batches. The loops are those of PCX's tutorials 4 (iPC, with 1/B in the loop as well) and 6
(Z-IL, hybrid) and of its benchmark (nudging).
"""

import argparse
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pcx.functional as pxf
import pcx.nn as pxnn
import pcx.predictive_coding as pxc
import pcx.utils as pxu

WIDTHS = (2, 4, 3, 2)
BATCH = 3
RNG = np.random.default_rng(0)
WEIGHTS = [RNG.normal(size=(o, i)).astype(np.float32) for i, o in zip(WIDTHS[:-1], WIDTHS[1:])]
BIASES = [RNG.normal(size=o).astype(np.float32) for o in WIDTHS[1:]]
BATCHES = [(RNG.normal(size=(BATCH, 2)).astype(np.float32), RNG.normal(size=(BATCH, 2)).astype(np.float32)) for _ in range(2)]


class Chain(pxc.EnergyModule):
    def __init__(self):
        super().__init__()
        self.layers = [pxnn.Linear(i, o) for i, o in zip(WIDTHS[:-1], WIDTHS[1:])]
        for layer, weight, bias in zip(self.layers, WEIGHTS, BIASES):
            layer.nn.weight.set(jnp.asarray(weight))
            layer.nn.bias.set(jnp.asarray(bias))
        self.vodes = [pxc.Vode() for _ in self.layers]
        self.vodes[-1].h.frozen = True

    def __call__(self, x, y=None, beta=1.0):
        for layer, vode in zip(self.layers[:-1], self.vodes[:-1]):
            x = vode(jnp.tanh(layer(x)))
        self.vodes[-1](self.layers[-1](x))
        if y is not None:
            u = self.vodes[-1].get("u")
            self.vodes[-1].set("h", u - beta * (u - y))
        return self.vodes[-1].get("u")

    def numbers(self):
        named = [(f"layer{i}", layer.nn) for i, layer in enumerate(self.layers)]
        return {f"{name}.{role}": getattr(nn, role).get() for name, nn in named for role in ("weight", "bias")}


def free():
    """Returns a mask of the states that relax; a new one each time, because to() changes a mask in place."""
    return pxu.M_hasnot(pxc.VodeParam, frozen=True)


def learned():
    """Returns a mask of the parameters."""
    return pxu.M(pxnn.LayerParam)


PER_SAMPLE = pxu.M(pxc.VodeParam | pxc.VodeParam.Cache).to((None, 0))


@pxf.vmap(PER_SAMPLE, in_axes=(0, 0, None), out_axes=0)
def forward(x, y, beta, *, model):
    return model(x, y, beta)


@pxf.vmap(PER_SAMPLE, in_axes=(0,), out_axes=(None, 0), axis_name="batch")
def energy(x, *, model):
    output = model(x)
    return jax.lax.psum(model.energy(), "batch"), output


def start(model, x, y, values, beta=1.0):
    with pxu.step(model, pxc.STATUS.INIT, clear_params=pxc.VodeParam.Cache):
        forward(x, y, beta, model=model)
    values.init(free()(model))


def gradient(model, x, mask):
    with pxu.step(model, clear_params=pxc.VodeParam.Cache):
        return pxf.value_and_grad(mask, has_aux=True)(energy)(x, model=model)[1]["model"]


def incremental(steps, first, every, final, weight_optimiser):
    model = Chain()
    weights = pxu.Optim(weight_optimiser, learned()(model))
    values = pxu.Optim(lambda: optax.sgd(0.1, momentum=0.5, nesterov=True))
    for x, y in BATCHES:
        start(model, x, y, values)
        for i in range(steps):
            moves = i >= first and (every == 0 or (i - first) % every == 0)
            grads = gradient(model, x, ((free() | learned()) if moves else free()).to([False, True]))
            values.step(model, grads)
            if moves:
                weights.step(model, grads, scale_by=1.0 / BATCH)
        values.clear()
        if final:
            weights.step(model, gradient(model, x, learned().to([False, True])), scale_by=1.0 / BATCH)
    return model.numbers()


def layer_by_layer():
    return pxu.OptimTree(lambda: optax.sgd(0.2, momentum=0.9, nesterov=True), lambda x: isinstance(x, pxnn.Layer))


def level_mask(model, t):
    """What moves at step t of Z-IL: one node, and the layer above it."""
    last = len(model.vodes) - t - 1
    mask = pxu.M(None).to([False, False])(model, is_pytree=True)
    if last > 0:
        mask.vodes[last - 1].h = True
    mask.layers[last] = learned().to([False, True])(model.layers[last], is_pytree=True)
    return mask


def zero_divergence():
    model = Chain()
    weights = layer_by_layer()
    weights.init(learned()(model))
    values = pxu.OptimTree(lambda: optax.sgd(1.0), lambda x: isinstance(x, pxc.Vode))
    for x, y in BATCHES:
        start(model, x, y, values)
        for t in range(len(model.vodes)):
            grads = gradient(model, x, {"model": level_mask(model, t)})
            values.step(model, grads)
            weights.step(model, grads, scale_by=1.0 / BATCH)
        values.clear()
    return model.numbers()


def hybrid(steps):
    model = Chain()
    weights = layer_by_layer()
    weights.init(learned()(model))
    values = pxu.OptimTree(lambda: optax.sgd(optax.linear_schedule(1.0, 0.1, 1)), lambda x: isinstance(x, pxc.Vode))
    levels = len(model.vodes)
    for x, y in BATCHES:
        start(model, x, y, values)
        for t in range(steps):
            mask = free().to([False, True])(model, is_pytree=True)
            for j in range(levels - t - 2):
                mask.vodes[j].h = False
            if t < levels:
                layer = levels - t - 1
                mask.layers[layer] = learned().to([False, True])(model.layers[layer], is_pytree=True)
            grads = gradient(model, x, {"model": mask})
            values.step(model, grads)
            if t < levels:
                weights.step(model, grads, scale_by=1.0 / BATCH)
        values.clear()
        weights.step(model, gradient(model, x, learned().to([False, True])), scale_by=1.0 / BATCH)
    return model.numbers()


def nudged(betas, flips=False):
    """One batch for each beta, in turn; with `flips` as the benchmark's configurations of negative nudging."""
    model = Chain()
    weights = pxu.Optim(lambda: optax.sgd(0.05, momentum=0.5), learned()(model))
    values = pxu.Optim(lambda: optax.sgd(0.1, momentum=0.5))
    for i, beta in enumerate(betas):
        if flips and abs(beta) >= 1.0:
            beta = 1.0
        x, y = BATCHES[i % len(BATCHES)]
        start(model, x, y, values, beta)
        for _ in range(4):
            values.step(model, gradient(model, x, free().to([False, True])))
        values.clear()
        grads = gradient(model, x, learned().to([False, True]))
        weights.step(model, grads, scale_by=1.0 / (BATCH * beta))
    return model.numbers()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the JSON file")
    out = parser.parse_args().out
    sgd, adamw = (lambda: optax.sgd(0.05, momentum=0.5)), (lambda: optax.adamw(0.05, weight_decay=0.1))
    cases = {
        "start": Chain().numbers(),
        "x": [x for x, _ in BATCHES], "y": [y for _, y in BATCHES],
        "pc": incremental(5, 5, 0, True, sgd),
        "ipc": incremental(5, 0, 0, False, sgd),
        "ipc_adamw": incremental(2, 0, 0, False, adamw),  # at first two layers have no gradient, and decay
        "schedule_6_1_2": incremental(6, 1, 2, True, sgd),
        "schedule_5_2_0": incremental(5, 2, 0, True, adamw),
        "zil": zero_divergence(),
        "hybrid": hybrid(5),
        "nudged": nudged([0.3, 0.3]),
        "negative": nudged([-0.4, -0.4]),
        "scheduled": nudged([0.5, 0.5, 0.75, 0.75, 1.0, 1.0]),
        "signed": nudged([0.5, -0.5, -0.5, 0.5]),
        "flipped": nudged([-0.5, -0.75, -1.0, -1.25], flips=True),
    }
    plain = jax.tree_util.tree_map(lambda each: np.asarray(each, np.float64).tolist(), cases)
    out.write_text(json.dumps(plain, indent=1) + "\n")
    print(f"{out}: {len(cases)} cases, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
