#!/usr/bin/env python3
"""Carries parameters from PCX to pcxx and back, and compares what the networks say.

Needs  pip install "jax==0.10.2" equinox optax jaxtyping numpy  and  pip install --no-deps "pcx==0.6.3".

  check_npz_exchange.py check --pcxx build/pcxx     PCX -> pcxx -> PCX on random models, by order, by rules, after training
  check_npz_exchange.py freeze --out tests/run/pcx  small files of save_params, with predictions, that the tests read

Of each model in `check`, written by save_params: pcxx import and eval find the energy that PCX finds, to 1e-5; what
pcxx export writes is loaded by load_params and predicts the same, to 1e-5. Then pcxx trains it, and PCX agrees with
pcxx about the trained network.
"""

import argparse
import json
import pathlib
import struct
import subprocess
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
import pcx.nn as pxnn
import pcx.predictive_coding as pxc
import pcx.utils as pxu

TOLERANCE = 1e-5


class Chain(pxc.EnergyModule):
    """Dense layers in a list, as PCX's tutorials have them."""

    def __init__(self, widths):
        super().__init__()
        self.layers = [pxnn.Linear(i, o) for i, o in zip(widths[:-1], widths[1:])]

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = jnp.tanh(layer(x))
        return self.layers[-1](x)


class Nested(pxc.EnergyModule):
    """Lists in lists, a dictionary, and a module that shares its parameters with another."""

    def __init__(self):
        super().__init__()
        self.feature_layers = [[pxnn.Linear(3, 4)], [pxnn.Linear(4, 4)]]
        self.again = pxnn.shared(self.feature_layers[1][0])
        self.blk = {"a": pxnn.Linear(4, 4, bias=False), "b": pxnn.Linear(4, 2)}

    def __call__(self, x):
        for layer in (self.feature_layers[0][0], self.feature_layers[1][0], self.again, self.blk["a"]):
            x = jnp.tanh(layer(x))
        return self.blk["b"](x)


class Convolutional(pxc.EnergyModule):
    """Convolutions, one in groups, and a dense head."""

    def __init__(self):
        super().__init__()
        self.conv = [pxnn.Conv2d(1, 2, 3, padding=(1, 1)), pxnn.Conv2d(2, 4, 3, groups=2)]
        self.head = pxnn.Linear(4 * 4 * 4, 3)

    def __call__(self, x):
        for conv in self.conv:
            x = jnp.tanh(conv(x))
        return self.head(x.reshape(-1))


def predictions(model, inputs):
    return np.stack([np.asarray(model(x)) for x in jnp.asarray(inputs)])


def freeze(out):
    """Writes one file of save_params for each model, and expected.npz with inputs and predictions."""
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    expected = {}
    for name, model, shape in (("chain", Chain((3, 5, 5, 2)), (3,)), ("nested", Nested(), (3,)),
                               ("convolutional", Convolutional(), (1, 6, 6))):
        pxu.save_params(model, str(out / name))
        expected[f"{name}/x"] = rng.normal(size=(6, *shape)).astype(np.float32)
        expected[f"{name}/prediction"] = predictions(model, expected[f"{name}/x"])
    np.savez_compressed(out / "expected.npz", **expected)
    print(f"{out}: {len(expected) // 2} models")


def write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


class Exchange:
    """One model on its way, in a folder of its own."""

    def __init__(self, pcxx, folder, widths, seed):
        self.pcxx, self.folder, self.widths = pcxx, folder, widths
        rng = np.random.default_rng(seed)
        self.pictures = rng.integers(0, 256, (40, 1, widths[0]))
        self.labels = rng.integers(0, widths[-1], 40)
        for part in ("train", "t10k"):
            write_idx(folder / f"{part}-images-idx3-ubyte", self.pictures)
            write_idx(folder / f"{part}-labels-idx1-ubyte", self.labels)
        self.recipe = folder / "recipe.toml"
        # Without steps of relaxation the energy is that of the forward pass.
        self.recipe.write_text(f'''epochs = 2
[network]
widths = {list(widths)}
activation = "tanh"
[rule]
steps = 0
[data]
name = "idx"
folder = "{folder}"
batch = 8
''')

    def run(self, *arguments):
        done = subprocess.run([self.pcxx, *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"pcxx {' '.join(map(str, arguments))}: {done.stderr}")
        return done.stdout

    def inputs(self):
        return ((self.pictures.reshape(40, -1) / 255.0 - 0.5) / 0.5).astype(np.float32)

    def require_energy(self, model, run):
        """PCX and pcxx agree about the energy of the forward pass."""
        wrong = np.eye(self.widths[-1])[self.labels] - predictions(model, self.inputs())
        ours = json.loads(self.run("eval", run, "--json"))["energy"]
        theirs = 0.5 * float(np.mean(np.sum(wrong**2, axis=1)))
        if abs(ours - theirs) > TOLERANCE * theirs:
            raise SystemExit(f"{self.widths}: the energy is {ours} in pcxx and {theirs} in PCX")
        return abs(ours - theirs) / theirs

    def require_predictions(self, model, file):
        """A file that pcxx wrote makes another PCX model predict what `model` does."""
        other = Chain(self.widths)
        pxu.load_params(other, str(file))
        off = float(np.max(np.abs(predictions(other, self.inputs()) - predictions(model, self.inputs()))))
        if off > TOLERANCE:
            raise SystemExit(f"{self.widths}: predictions are off by {off}")
        return off


def check(pcxx, models):
    rng = np.random.default_rng(1)
    worst_energy = worst_prediction = 0.0
    for seed in range(models):
        hidden = [int(width) for width in rng.integers(1, 20, int(rng.integers(0, 4)))]
        widths = (int(rng.integers(2, 30)), *hidden, int(rng.integers(2, 6)))
        rules = [f"hidden{{i}}.{{what}} = .layers[{{i-1}}].nn.{{what}}", f"label.{{what}} = .layers[{len(widths) - 2}].nn.{{what}}"]
        by_rules = [argument for rule in rules for argument in ("--map", rule)]
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            exchange = Exchange(pcxx, folder, widths, seed)
            model = Chain(widths)
            pxu.save_params(model, str(folder / "from_pcx"))
            exchange.run("import", exchange.recipe, folder / "from_pcx.npz", "--out", folder / "by_order")
            exchange.run("import", exchange.recipe, folder / "from_pcx.npz", "--out", folder / "by_rules", *by_rules)
            for run in ("by_order", "by_rules"):
                worst_energy = max(worst_energy, exchange.require_energy(model, folder / run))
            exchange.run("export", folder / "by_order", folder / "like.npz", "--like", folder / "from_pcx.npz")
            exchange.run("export", folder / "by_rules", folder / "rules.npz", *by_rules)
            for file in ("like.npz", "rules.npz"):
                worst_prediction = max(worst_prediction, exchange.require_predictions(model, folder / file))
            exchange.run("train", exchange.recipe, "--out", folder / "by_order", "--resume")
            exchange.run("export", folder / "by_order", folder / "trained.npz", *by_rules)
            trained = Chain(widths)
            pxu.load_params(trained, str(folder / "trained.npz"))
            if np.array_equal(predictions(trained, exchange.inputs()), predictions(model, exchange.inputs())):
                raise SystemExit(f"{widths}: training changed nothing")
            worst_energy = max(worst_energy, exchange.require_energy(trained, folder / "by_order"))
    print(f"{models} models: predictions off by at most {worst_prediction:.2g}, energies by {worst_energy:.2g} of theirs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check")
    checking.add_argument("--pcxx", default="build/pcxx")
    checking.add_argument("--models", type=int, default=8)
    freezing = commands.add_parser("freeze")
    freezing.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    if options.command == "freeze":
        freeze(options.out)
    else:
        check(options.pcxx, options.models)


if __name__ == "__main__":
    main()
