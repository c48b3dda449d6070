#!/usr/bin/env python3
"""Trains PCX on the work of its own tutorials, to compare examples/ with, and prints one JSON object per line.

Needs what tools/freeze_oracle.py needs (jax, equinox, optax, pcx), and scikit-learn for `data`.

  pcx_tutorials.py data --out moons.npz                    the tutorial's two moons, for both sides
  pcx_tutorials.py moons --data moons.npz --rule pc        test accuracy after 8 epochs, 8 seeds (tutorials 0, 0b)
  pcx_tutorials.py decoder --data DIR --epochs 24          decoder on Fashion-MNIST: test MSE over all batches (5)

The decoder differs from the tutorial in one thing: its loss is the mean over all test batches, not the last one's.
"""

import argparse
import gzip
import json
import pathlib

import numpy as np


def make_data(options):
    from sklearn.datasets import make_moons

    train, test = make_moons(1024, noise=0.2, random_state=42), make_moons(options.test, noise=0.2, random_state=0)
    np.savez(options.out, train_inputs=train[0].astype(np.float32), train_labels=train[1].astype(np.int32),
             test_inputs=test[0].astype(np.float32), test_labels=test[1].astype(np.int32))


class Pcx:
    """The functions that every tutorial defines."""

    def __init__(self):
        import jax
        import optax
        import pcx
        import pcx.functional
        import pcx.nn
        import pcx.predictive_coding
        import pcx.utils

        self.jax, self.optax, self.px = jax, optax, pcx
        self.pxc, self.pxnn = pcx.predictive_coding, pcx.nn
        self.pxf, self.pxu = pcx.functional, pcx.utils
        self.batched = self.pxu.M(self.pxc.VodeParam | self.pxc.VodeParam.Cache).to((None, 0))

    # Masks are made anew for each use, because `to` changes the mask itself.
    @property
    def free(self):
        return self.pxu.M_hasnot(self.pxc.VodeParam, frozen=True)

    @property
    def weights(self):
        return self.pxu.M(self.pxnn.LayerParam)

    def phase(self, model, status=None):
        return self.pxu.step(model, (status, None), clear_params=self.pxc.VodeParam.Cache)


def moons_step(p, rule, steps):
    """Returns (train step, predicted labels) of tutorials 0 (pc) and 0b (bp)."""
    jax, pxf, pxc = p.jax, p.pxf, p.pxc

    # [pcx_functions]
    @pxf.vmap(p.batched, in_axes=(0, 0), out_axes=0)
    def forward(x, y, *, model):
        return model(x, y)

    @pxf.vmap(p.batched, in_axes=(0,), out_axes=(None, 0), axis_name="batch")
    def energy(x, *, model):
        u = model(x, None)
        return jax.lax.psum(model.energy(), "batch"), u
    # [/pcx_functions]

    @pxf.vmap(p.batched, in_axes=(0, 0), out_axes=(None, 0), axis_name="batch")
    def cross_entropy(x, y, *, model):
        u = model(x, None)
        return jax.lax.psum(-(y * jax.nn.log_softmax(u)).sum(), "batch"), u

    def weights_gradient(x, y, model, optim_h):
        if rule == "bp":
            with p.phase(model, pxc.STATUS.INIT):
                _, g = pxf.value_and_grad(p.weights.to([False, True]), has_aux=True)(cross_entropy)(x, y, model=model)
            return g
        # [pcx_step]
        with p.phase(model, pxc.STATUS.INIT):
            forward(x, y, model=model)
        optim_h.init(p.free(model))
        for _ in range(steps):
            with p.phase(model):
                _, g = pxf.value_and_grad(p.free.to([False, True]), has_aux=True)(energy)(x, model=model)
            optim_h.step(model, g["model"])
        optim_h.clear()
        with p.phase(model):
            _, g = pxf.value_and_grad(p.weights.to([False, True]), has_aux=True)(energy)(x, model=model)
        # [/pcx_step]
        return g

    @pxf.jit()
    def train(x, y, *, model, optim_w, optim_h):
        model.train()
        g = weights_gradient(x, y, model, optim_h)
        optim_w.step(model, g["model"], scale_by=1.0 / x.shape[0])

    @pxf.jit()
    def predict(x, *, model):
        model.eval()
        with p.phase(model, pxc.STATUS.INIT):
            return forward(x, None, model=model).argmax(axis=-1)

    return train, predict, forward


def moons_model(p):
    # [pcx_model]
    class Model(p.pxc.EnergyModule):
        def __init__(self):
            super().__init__()
            self.layers = [p.pxnn.Linear(2, 32), p.pxnn.Linear(32, 32), p.pxnn.Linear(32, 2)]
            self.vodes = [p.pxc.Vode(), p.pxc.Vode(), p.pxc.Vode(p.pxc.ce_energy)]
            self.vodes[-1].h.frozen = True

        def __call__(self, x, y):
            for vode, layer in zip(self.vodes[:-1], self.layers[:-1]):
                x = vode(p.jax.nn.leaky_relu(layer(x)))
            self.vodes[-1](self.layers[-1](x))
            if y is not None:
                self.vodes[-1].set("h", y)
            return self.vodes[-1].get("u")
    # [/pcx_model]

    return Model()


def run_moons(options):
    p = Pcx()
    jnp = p.jax.numpy
    data = np.load(options.data)
    x, y = data["train_inputs"], data["train_labels"]
    train, predict, forward = moons_step(p, options.rule, 8)
    accuracies = []
    for seed in range(options.seeds):
        p.px.RKG.seed(seed)
        model = moons_model(p)
        with p.phase(model, p.pxc.STATUS.INIT):
            forward(jnp.zeros((32, 2)), None, model=model)
        optim_w = p.pxu.Optim(lambda: p.optax.adamw(1e-2), p.weights(model))
        optim_h = p.pxu.Optim(lambda: p.optax.sgd(1e-2, momentum=0.5, nesterov=True))
        order = np.random.default_rng(seed)
        for _ in range(8):
            # As the tutorial: batches are fixed, their order is not.
            for batch in order.permutation(len(x) // 32):
                rows = slice(32 * batch, 32 * batch + 32)
                train(jnp.asarray(x[rows]), p.jax.nn.one_hot(y[rows], 2), model=model, optim_w=optim_w, optim_h=optim_h)
        predictions = [predict(jnp.asarray(rows), model=model) for rows in data["test_inputs"].reshape(-1, 32, 2)]
        accuracies.append(float((np.concatenate(predictions) == data["test_labels"]).mean()))
    print(json.dumps({"tutorial": "moons", "rule": options.rule, "mean": np.mean(accuracies), "accuracies": accuracies}))


def decoder_model(p):
    jnp = p.jax.numpy

    class Decoder(p.pxc.EnergyModule):
        def __init__(self, widths=(64, 256, 256, 256, 784)):
            super().__init__()
            self.layers = [p.pxnn.Linear(i, o) for i, o in zip(widths[:-1], widths[1:])]
            init, zero = p.pxc.STATUS.INIT, ("h, u <- u:to_zero",)
            latent = p.pxc.Vode(energy_fn=None, ruleset={init: zero},
                                tforms={"to_zero": lambda n, k, v, rkg: jnp.zeros((widths[0],))})
            hidden = [p.pxc.Vode(ruleset={init: zero, "forward": ("h -> u",)},
                                 tforms={"to_zero": lambda n, k, v, rkg: jnp.zeros_like(v)}) for _ in widths[1:-1]]
            self.vodes = [latent] + hidden + [p.pxc.Vode()]
            self.vodes[-1].h.frozen = True

        def __call__(self, y):
            x = self.vodes[0](jnp.empty(()))
            for i, layer in enumerate(self.layers):
                x = layer(x) if i == len(self.layers) - 1 else p.jax.nn.tanh(layer(x))
                x = self.vodes[i + 1](x)
            if y is not None:
                self.vodes[-1].set("h", y)
            return self.vodes[-1].get("u")

    return Decoder()


def decoder_steps(p, steps):
    jax, pxf, pxc = p.jax, p.pxf, p.pxc

    @pxf.vmap(p.batched, in_axes=0, out_axes=0)
    def forward(y, *, model):
        return model(y)

    @pxf.vmap(p.batched, out_axes=(None, 0), axis_name="batch")
    def energy(*, model):
        u = model(None)
        return jax.lax.psum(model.energy(), "batch"), u

    def relax(y, model, optim_h):
        with p.phase(model, pxc.STATUS.INIT):
            forward(y, model=model)
        optim_h.init(p.free(model))
        pxf.scan(relax_step, xs=jax.numpy.arange(steps))(0.0, model=model, optim_h=optim_h)
        optim_h.clear()

    def relax_step(_, carry, *, model, optim_h):
        with p.phase(model):
            _, g = pxf.value_and_grad(p.free.to([False, True]), has_aux=True)(energy)(model=model)
        optim_h.step(model, g["model"])
        return carry, None

    @pxf.jit()
    def train(y, *, model, optim_w, optim_h):
        model.train()
        relax(y, model, optim_h)
        with p.phase(model):
            _, g = pxf.value_and_grad(p.weights.to([False, True]), has_aux=True)(energy)(model=model)
        optim_w.step(model, g["model"], scale_by=1.0 / y.shape[0])

    @pxf.jit()
    def loss(y, *, model, optim_h):
        model.eval()
        relax(y, model, optim_h)
        with p.phase(model, "forward"):
            decoded = forward(None, model=model)
        return jax.numpy.square(jax.numpy.clip(decoded, 0, 1) - y).mean()

    return train, loss, forward


def run_decoder(options):
    p = Pcx()
    jnp = p.jax.numpy
    read = lambda name: np.frombuffer(gzip.open(pathlib.Path(options.data) / name).read(), np.uint8, offset=16)
    pictures = {part: read(f"{part}-images-idx3-ubyte.gz").reshape(-1, 784).astype(np.float32) / 255
                for part in ("train", "t10k")}
    p.px.RKG.seed(options.seed)
    model = decoder_model(p)
    train, loss, forward = decoder_steps(p, 20)
    with p.phase(model, p.pxc.STATUS.INIT):
        forward(jnp.zeros((128, 784)), model=model)
    optim_w = p.pxu.Optim(lambda: p.optax.adamw(1e-4), p.weights(model))
    optim_h = p.pxu.Optim(lambda: p.optax.sgd(5e-2, momentum=0.1))
    order = np.random.default_rng(options.seed)
    for epoch in range(options.epochs):
        rows = order.permutation(len(pictures["train"]))
        for first in range(0, min(len(rows), options.train) - 127, 128):
            train(jnp.asarray(pictures["train"][rows[first:first + 128]]), model=model, optim_w=optim_w, optim_h=optim_h)
        losses = [float(loss(jnp.asarray(pictures["t10k"][first:first + 128]), model=model, optim_h=optim_h))
                  for first in range(0, min(10000, options.test) - 127, 128)]
        print(json.dumps({"tutorial": "decoder", "seed": options.seed, "epoch": epoch + 1, "mse": np.mean(losses)}),
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    data = commands.add_parser("data")
    data.add_argument("--out", required=True)
    data.add_argument("--test", type=int, default=512, help="test samples: 1024 in tutorial 6")
    data.set_defaults(run=make_data)
    moons = commands.add_parser("moons")
    moons.add_argument("--data", required=True)
    moons.add_argument("--rule", choices=["pc", "bp"], default="pc")
    moons.add_argument("--seeds", type=int, default=8)
    moons.set_defaults(run=run_moons)
    decoder = commands.add_parser("decoder")
    decoder.add_argument("--data", required=True, help="folder of Fashion-MNIST's gzipped files")
    decoder.add_argument("--epochs", type=int, default=24)
    decoder.add_argument("--train", type=int, default=60000, help="training pictures an epoch")
    decoder.add_argument("--test", type=int, default=10000, help="test pictures")
    decoder.add_argument("--seed", type=int, default=0)
    decoder.set_defaults(run=run_decoder)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
