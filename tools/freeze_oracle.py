#!/usr/bin/env python3
"""Freezes single training steps of PCX (Python on JAX) as NPZ files that `pcxx replay` repeats.

Needs  pip install "jax==0.10.2" equinox optax jaxtyping numpy  and  pip install --no-deps "pcx==0.6.3".

  freeze_oracle.py --out DIR              the named cases below: every activation, both energies, many depths
  freeze_oracle.py --out DIR --random 20  and so many random ones
  freeze_oracle.py --out DIR --only ce_   only the cases whose names contain a text

A file holds, with batch rows first: x, y; before/layerI.weight (out, in) and .bias; init/vodeI.h after the forward
start; for every inference step stepT/energy (summed over the batch) and stepT/gradI (state gradients), both before
the update, and stepT/vodeI.h after it; final/energy, final/output, final/dlayerI.* (summed over the batch) at the
relaxed states; after/layerI.* after one AdamW step along the batch mean. `meta` is JSON that says how.
"""

import argparse
import dataclasses
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pcx
import pcx.functional as pxf
import pcx.nn as pxnn
import pcx.predictive_coding as pxc
import pcx.utils as pxu

ACTIVATIONS = {
    "gelu": jax.nn.gelu,
    "hard_tanh": jax.nn.hard_tanh,
    "leaky_relu": jax.nn.leaky_relu,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
}
ENERGIES = {"se": pxc.se_energy, "ce": pxc.ce_energy}


@dataclasses.dataclass(frozen=True)
class Case:
    """One training step: a network, its optimisers and a batch."""

    name: str
    widths: tuple
    activation: str = "gelu"
    energy: str = "se"
    steps: int = 8
    rate: float = 0.05
    momentum: float | None = None
    nesterov: bool = False
    batch: int = 10
    weight_rate: float = 1e-3
    weight_decay: float = 1e-4
    seed: int = 0


CASES = [
    Case("se_gelu_shallow", (5, 7, 3), "gelu", "se", 4),
    Case("ce_relu_one_step", (8, 12, 10, 4), "relu", "ce", 1, 0.1),
    Case("se_sigmoid_momentum", (6, 9, 9, 3), "sigmoid", "se", 10, 0.1, 0.7),
    Case("ce_hard_tanh_nesterov", (6, 10, 8, 5), "hard_tanh", "ce", 7, 0.05, 0.5, True),
    Case("se_leaky_long", (4, 6, 6, 6, 2), "leaky_relu", "se", 20, 0.05, 0.1),
    Case("ce_tanh_deep", (6, 8, 8, 8, 8, 8, 8, 4), "tanh", "ce", 9, 0.1, 0.9),
    Case("se_relu_untaught", (6, 8, 8, 8, 8, 8, 3), "relu", "se", 3, 0.1),  # fewer steps than layers
    Case("se_gelu_one_sample", (12, 16, 16, 10), "gelu", "se", 5, 0.0261, 0.1, batch=1),
    Case("se_gelu_recipe", (28, 32, 32, 32, 10), "gelu", "se", 5, 0.0261, 0.1, batch=7, weight_rate=2.97e-4, weight_decay=1.8e-3),
    Case("ce_gelu_wide", (20, 64, 48, 10), "gelu", "ce", 6, 0.02, 0.35, batch=5),
    Case("se_hard_tanh_widths", (3, 17, 5, 33, 2), "hard_tanh", "se", 8, 0.1, 0.5, True, batch=13),
    Case("ce_sigmoid_one_unit", (9, 1, 4), "sigmoid", "ce", 12, 0.2),
]


def random_case(seed):
    """Returns a case drawn from everything that a frozen run may say."""
    rng = np.random.default_rng(seed)
    hidden = int(rng.integers(1, 7))
    widths = tuple(int(width) for width in rng.integers(2, 40, hidden + 2))
    momentum = float(rng.choice([0, 0.1, 0.5, 0.9])) or None
    return Case(
        name=f"random_{seed:03}",
        widths=widths,
        activation=str(rng.choice(sorted(ACTIVATIONS))),
        energy=str(rng.choice(sorted(ENERGIES))),
        steps=int(rng.integers(1, 21)),
        rate=float(rng.choice([0.01, 0.03, 0.1])),
        momentum=momentum,
        nesterov=momentum is not None and bool(rng.integers(2)),
        batch=int(rng.integers(1, 30)),
        weight_rate=float(rng.choice([3e-4, 1e-3, 1e-2])),
        weight_decay=float(rng.choice([0, 1e-4, 1e-2])),
        seed=seed,
    )


class Network(pxc.EnergyModule):
    """A chain of linear layers; a vode holds what comes after the activation, the last one the logits' target."""

    def __init__(self, case):
        super().__init__()
        self.activation = pcx.static(ACTIVATIONS[case.activation])
        self.layers = [pxnn.Linear(a, b) for a, b in zip(case.widths, case.widths[1:])]
        self.vodes = [pxc.Vode() for _ in case.widths[1:-1]]
        self.vodes.append(pxc.Vode(ENERGIES[case.energy]))
        self.vodes[-1].h.frozen = True

    def __call__(self, x, y=None):
        *hidden, last = range(len(self.layers))
        for i in hidden:
            x = self.vodes[i](self.activation(self.layers[i](x)))
        self.vodes[last](self.layers[last](x))
        if y is not None:
            self.vodes[last].set("h", y)
        return self.vodes[last].get("u")

    def weights(self):
        """Returns the parameters by name."""
        return {
            f"layer{i}.{kind}": np.asarray(getattr(layer.nn, kind).get())
            for i, layer in enumerate(self.layers)
            for kind in ("weight", "bias")
        }

    def values(self):
        """Returns the state of every vode by name."""
        return {f"vode{i}.h": np.asarray(vode.h.get()) for i, vode in enumerate(self.vodes)}


PER_SAMPLE = pxu.M(pxc.VodeParam | pxc.VodeParam.Cache).to((None, 0))


def free_values():
    """Returns a mask of the states that relax; a new one each time, because to() changes a mask in place."""
    return pxu.M_hasnot(pxc.VodeParam, frozen=True)


def weights_mask():
    """Returns a mask of the parameters."""
    return pxu.M(pxnn.LayerParam)


@pxf.vmap(PER_SAMPLE, in_axes=(0, 0), out_axes=0)
def start(x, y, *, model):
    """Sets every vode to its prediction and the last one to its target."""
    return model(x, y)


@pxf.vmap(PER_SAMPLE, in_axes=(0,), out_axes=(None, 0), axis_name="batch")
def total_energy(x, *, model):
    """Returns the energy summed over the batch, and the output."""
    output = model(x)
    return jax.lax.psum(model.energy(), "batch"), output


def energy_and_gradient(x, model, mask):
    """Returns energy, output and the gradient with respect to what the mask selects."""
    with pxu.step(model, clear_params=pxc.VodeParam.Cache):
        differentiate = pxf.value_and_grad(mask.to([False, True]), has_aux=True)
        (energy, output), gradient = differentiate(total_energy)(x, model=model)
    return np.asarray(energy), np.asarray(output), gradient


def freeze(case):
    """Returns every array of one training step, by name."""
    pcx.RKG.seed(case.seed)
    rng = np.random.default_rng(case.seed)
    x = rng.standard_normal((case.batch, case.widths[0])).astype(np.float32)
    y = np.eye(case.widths[-1], dtype=np.float32)[rng.integers(0, case.widths[-1], case.batch)]
    model = Network(case)
    arrays = {"x": x, "y": y}

    def keep(stage, named):
        arrays.update({f"{stage}/{name}": array for name, array in named.items()})

    keep("before", model.weights())
    with pxu.step(model, pxc.STATUS.INIT, clear_params=pxc.VodeParam.Cache):
        start(x, y, model=model)
    keep("init", model.values())
    values = pxu.Optim(lambda: optax.sgd(case.rate, momentum=case.momentum, nesterov=case.nesterov), free_values()(model))
    weights = pxu.Optim(lambda: optax.adamw(case.weight_rate, weight_decay=case.weight_decay), weights_mask()(model))
    for step in range(case.steps):
        energy, _, gradient = energy_and_gradient(x, model, free_values())
        hidden = gradient["model"].vodes[:-1]
        keep(f"step{step}", {"energy": energy, **{f"grad{i}": np.asarray(vode.h.get()) for i, vode in enumerate(hidden)}})
        values.step(model, gradient["model"])
        keep(f"step{step}", model.values())
    energy, output, gradient = energy_and_gradient(x, model, weights_mask())
    keep("final", {"energy": energy, "output": output})
    keep("final", {f"d{name}": array for name, array in gradient["model"].weights().items()})
    weights.step(model, gradient["model"], scale_by=1.0 / case.batch)
    keep("after", model.weights())
    return arrays


def describe(case):
    """Returns what a reader must know to repeat a case, as JSON."""
    return json.dumps({
        "widths": case.widths,
        "activation": case.activation,
        "energy": ENERGIES[case.energy].__name__,
        "T": case.steps,
        "batch": case.batch,
        "h_optimiser": {"lr": case.rate, "momentum": case.momentum, "nesterov": case.nesterov},
        "w_optimiser": f"adamw lr={case.weight_rate} weight_decay={case.weight_decay} b1=.9 b2=.999 eps=1e-8, gradient scaled by 1/batch",
    })


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder of the files")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random cases besides the named ones")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="seed of the first random case")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose names contain it")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    cases = CASES + [random_case(seed) for seed in range(options.first, options.first + options.random)]
    for case in cases:
        if options.only in case.name:
            arrays = freeze(case)
            path = options.out / f"{case.name}.npz"
            np.savez_compressed(path, meta=describe(case), **arrays)
            print(f"{path}: {len(arrays)} arrays, {path.stat().st_size} bytes", flush=True)


if __name__ == "__main__":
    main()
