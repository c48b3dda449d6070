#!/usr/bin/env python3
"""Freezes what PCX's concepts mean as one JSON file, which tests/network/pcx_semantics_test.cpp compares with pcxx's spelling.

Needs  pip install "jax==0.10.2" equinox optax jaxtyping numpy  and  pip install --no-deps "pcx==0.6.3".

  freeze_pcx_semantics.py --out tests/pcx/semantics.json

All cases of phases have one network, x (2) -> a (3) = W1 x + b1 -> b (2) = W2 a + b2, and differ in a's ruleset. A case
says what stands after a forward pass in the status "init" and, with a's value set to "moved", in a second status.
docs/porting_from_pcx.md has a row for each case.
"""

import argparse
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

INIT = pxc.STATUS.INIT
W1 = np.array([[1, -2], [0.5, 1], [2, 0]], np.float32)
B1 = np.array([0.25, -0.5, 1], np.float32)
W2 = np.array([[1, 0, -1], [0.5, 2, 1]], np.float32)
B2 = np.array([0.5, -0.25], np.float32)
X = np.array([[1, 2], [-1, 0.5], [0.25, -2]], np.float32)
Y = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
MOVED = np.array([[1, 2, 3], [-1, 0.5, 0], [2, -2, 0.75]], np.float32)

TRANSFORMS = {
    "to_zero": lambda node, key, value, rkg: jnp.zeros_like(value),
    "to_half": lambda node, key, value, rkg: jnp.full_like(value, 0.5),
    "double": lambda node, key, value, rkg: 2 * value,
    "plus_one": lambda node, key, value, rkg: value + 1,
    "mixed": lambda node, key, value, rkg: 0.5 * (node.h.get() + value),
    "squashed": lambda node, key, value, rkg: jnp.tanh(value),
}

# name: (ruleset of a, second status)
RULESETS = {
    "default": ({}, None),
    "zero_start": ({INIT: ("h, u <- u:to_zero",)}, None),
    "value_only": ({INIT: ("h <- u:to_zero", "u <- u")}, None),
    "constant_start": ({INIT: ("h <- u:to_half", "u <- u")}, None),
    "chained_start": ({INIT: ("h <- u:double:plus_one", "u <- u")}, None),
    "several_targets": ({INIT: ("h <- u:double", "u <- u", "first <- u:plus_one")}, None),
    "forward": ({"forward": ("h -> u",)}, "forward"),
    "seen_transform": ({".*": ("seen -> h:squashed",)}, None),  # "h -> h:squashed" recurses forever
    "seen_chain": ({"forward": ("h -> u:double:plus_one",)}, "forward"),
    "prediction_transform": ({"train": ("u <- u:double",)}, "train"),
    "own_value": ({"mix": ("h <- u:mixed", "u <- u")}, "mix"),
    "several_statuses": ({"train|test": ("h -> u",)}, "test"),
}


class Chain(pxc.EnergyModule):
    """x -> a -> b; b's value is the target and never moves."""

    def __init__(self, ruleset={}, energy=pxc.se_energy, last=pxc.se_energy):
        super().__init__()
        self.seen = pcx.static("seen" if ".*" in ruleset else "h")  # what readers of a ask for
        self.first, self.second = pxnn.Linear(2, 3), pxnn.Linear(3, 2)
        for layer, weight, bias in ((self.first, W1, B1), (self.second, W2, B2)):
            layer.nn.weight.set(jnp.asarray(weight))
            layer.nn.bias.set(jnp.asarray(bias))
        self.a = pxc.Vode(energy, ruleset, TRANSFORMS)
        self.b = pxc.Vode(last)
        self.b.h.frozen = True

    def __call__(self, x, y=None):
        self.b(self.second(self.a(self.first(x), output=self.seen.get())))
        if y is not None:
            self.b.set("h", y)
        return self.b.get("u")


PER_SAMPLE = pxu.M(pxc.VodeParam | pxc.VodeParam.Cache).to((None, 0))


@pxf.vmap(PER_SAMPLE, in_axes=(0, 0), out_axes=0)
def start(x, y, *, model):
    return model(x, y)


@pxf.vmap(PER_SAMPLE, in_axes=(0,), out_axes=(None, 0, 0, 0), axis_name="batch")
def total_energy(x, *, model):
    output = model(x)
    return jax.lax.psum(model.energy(), "batch"), output, model.a.energy(), model.b.energy()


@pxf.vmap(PER_SAMPLE, in_axes=(0,), out_axes=(None, 0), axis_name="batch")
def energy_and_output(x, *, model):
    output = model(x)
    return jax.lax.psum(model.energy(), "batch"), output


def gradient(model, mask):
    return pxf.value_and_grad(mask.to([False, True]), has_aux=True)(energy_and_output)(X, model=model)[1]["model"]


def after_start(model):
    with pxu.step(model, INIT):
        output = start(X, Y, model=model)
    return output


def phases(ruleset, status):
    model = Chain(ruleset)
    case = {"start/b prediction": after_start(model), "start/a": model.a.h.get()}
    if (first := model.a.cache.get("first")) is not None:
        case["start/first"] = first
    model.clear_params(pxc.VodeParam.Cache)
    model.a.h.set(jnp.asarray(MOVED))
    if "mix" != status:
        with pxu.step(model, status, clear_params=pxc.VodeParam.Cache):
            values = gradient(model, pxu.M_hasnot(pxc.VodeParam, frozen=True))
            case["then/gradient a"] = values.a.h.get()
        with pxu.step(model, status, clear_params=pxc.VodeParam.Cache):
            case["then/gradient W1"] = gradient(model, pxu.M(pxnn.LayerParam)).first.nn.weight.get()
    with pxu.step(model, status, clear_params=pxc.VodeParam.Cache):
        total, output, a, b = total_energy(X, model=model)
        case |= {"then/energy": total, "then/b prediction": output, "then/energy a": a, "then/energy b": b, "then/a": model.a.h.get()}
    return case


def energies():
    def precise(vode, rkg=pcx.RKG):
        error = vode.get("h") - vode.get("u")
        return 2.5 * 0.5 * error * error

    cases = {}
    for name, a, b in (("energy_zero", pxc.zero_energy, pxc.se_energy), ("energy_categorical", pxc.se_energy, pxc.ce_energy),
                       ("energy_own", precise, pxc.se_energy)):
        model = Chain(energy=a, last=b)
        after_start(model)
        model.a.h.set(jnp.asarray(MOVED))
        model.clear_params(pxc.VodeParam.Cache)
        with pxu.step(model, clear_params=pxc.VodeParam.Cache):
            total = energy_and_output(X, model=model)[0]
        with pxu.step(model, clear_params=pxc.VodeParam.Cache):
            values = gradient(model, pxu.M_hasnot(pxc.VodeParam, frozen=True)).a.h.get()
        cases[name] = {"energy": jnp.sum(total), "gradient a": values}
    return cases


def noise(samples=4096):
    """A start with noise of deviation 0.5 around the prediction: moments of what it adds, and what draws have in common."""
    TRANSFORMS["noisy"] = lambda node, key, value, rkg: value + 0.5 * jax.random.normal(rkg(), value.shape)
    model = Chain({INIT: ("h <- u:noisy", "u <- u")})
    pcx.RKG.seed(0)
    x = np.tile(X[:1], (samples, 1))
    added = []
    for _ in range(2):
        with pxu.step(model, INIT):
            start(x, np.tile(Y[:1], (samples, 1)), model=model)
        added.append(np.asarray(model.a.h.get() - model.a.cache.get("u")))
        model.clear_params(pxc.VodeParam.Cache)
    first, second = added
    return {"samples": samples, "mean": first.mean(), "deviation": first.std(),
            "correlation of elements": np.corrcoef(first[:, 0], first[:, 1])[0, 1],
            "correlation of samples": np.corrcoef(first[:-1, 0], first[1:, 0])[0, 1],
            "correlation of runs": np.corrcoef(first[:, 0], second[:, 0])[0, 1]}


def weighted(by_status):
    """Relaxation with a's energy weighted by the step, 0.5^t, or by the status; then a gradient of the weights."""
    def energy(vode, rkg=pcx.RKG):
        error = vode.get("h") - vode.get("u")
        return (3.0 if vode.status == "late" else 1.0) * 0.5 * vode.precision.get() * error * error

    model = Chain(energy=energy)
    model.a.precision = pcx.Param(jnp.array(1.0))
    after_start(model)
    model.clear_params(pxc.VodeParam.Cache)
    model.a.h.set(jnp.asarray(MOVED))
    case = {}
    for t in range(4):
        status = "late" if by_status and t >= 2 else None
        model.a.precision.set(jnp.array(1.0 if by_status else 0.5**t))
        with pxu.step(model, status, clear_params=pxc.VodeParam.Cache):
            case[f"energy {t}"] = total_energy(X, model=model)[0]
        with pxu.step(model, status, clear_params=pxc.VodeParam.Cache):
            slope = gradient(model, pxu.M_hasnot(pxc.VodeParam, frozen=True)).a.h.get()
        if t < 3:
            model.a.h.set(model.a.h.get() - 0.1 * slope)
        else:
            with pxu.step(model, status, clear_params=pxc.VodeParam.Cache):
                case["gradient W1"] = gradient(model, pxu.M(pxnn.LayerParam)).first.nn.weight.get()
    return case | {"a": model.a.h.get()}


def statuses():
    """What a status leaves behind: it stays until the next one, and what is cached stays until it is cleared."""
    model = Chain({"forward": ("h -> u",)})
    after_start(model)
    model.a.h.set(jnp.asarray(MOVED))
    case = {}

    def energy_of(status, clear):
        with pxu.step(model, status, clear_params=pxc.VodeParam.Cache if clear else None):
            return total_energy(X, model=model)[0]

    model.clear_params(pxc.VodeParam.Cache)
    case["none"] = energy_of(None, True)
    case["forward"] = energy_of("forward", True)
    case["kept"] = total_energy(X, model=model)[0]  # no step(): the status of the last one
    model.clear_params(pxc.VodeParam.Cache)
    case["again"] = energy_of(None, False)
    model.a.h.set(2 * jnp.asarray(MOVED))
    case["stale a"] = jnp.sum(model.a.cache.get("E"))  # of the value before
    model.clear_params(pxc.VodeParam.Cache)
    case["moved"] = energy_of(None, True)
    return case


def compiled():
    """A compiled step: the same numbers as without jit, and of the weights as they are at each call."""
    model = Chain()

    @pxf.jit()
    def relaxed(x, y, *, model):
        with pxu.step(model, INIT, clear_params=pxc.VodeParam.Cache):
            start(x, y, model=model)
        for _ in range(3):
            with pxu.step(model, clear_params=pxc.VodeParam.Cache):
                mask = pxu.M_hasnot(pxc.VodeParam, frozen=True).to([False, True])
                grads = pxf.value_and_grad(mask, has_aux=True)(energy_and_output)(x, model=model)[1]["model"]
            model.a.h.set(model.a.h.get() - 0.1 * grads.a.h.get())
        with pxu.step(model, clear_params=pxc.VodeParam.Cache):
            return energy_and_output(x, model=model)[0]

    first = relaxed(X, Y, model=model)
    model.second.nn.weight.set(2 * model.second.nn.weight.get())
    doubled = relaxed(X, Y, model=model)
    model.clear_params(pxc.VodeParam)  # values have the size of the batch before
    return {"first": first, "doubled": doubled, "part": relaxed(X[:2], Y[:2], model=model)}


def batch_norm():
    """Two batches in training, with gradients, then one in evaluation. PCX's momentum is that of the old statistics."""
    layer = pxnn.BatchNorm(2, "batch", momentum=0.25)
    layer.nn.weight.set(jnp.array([1.5, -0.5]))
    layer.nn.bias.set(jnp.array([0.25, 1.0]))
    rng = np.random.default_rng(1)
    batches = [(i + 1 + (i + 1) * rng.normal(size=(4, 2, 3))).astype(np.float32) for i in range(3)]

    @pxf.vmap(pxu.M(pcx.BaseParam).to((None, None)), in_axes=(0,), out_axes=(None, 0), axis_name="batch")
    def output(x, *, layer):
        y = layer(x)
        return jax.lax.psum(jnp.sum(jnp.sin(y)), "batch"), y

    def running():
        shaped = [each for each in jax.tree_util.tree_leaves(layer.state.get()) if each.shape == (2,)]
        return dict(zip(("running_mean", "running_var"), shaped))

    case = {"weight": layer.nn.weight.get(), "bias": layer.nn.bias.get()}
    for i, x in enumerate(batches[:2]):
        mask = pxu.M(pxnn.LayerParam).to([False, True])
        (_, (y,)), (of_x, of_layer) = pxf.value_and_grad(mask, argnums=(0,), has_aux=True)(output)(jnp.asarray(x), layer=layer)
        case[f"batch {i}"] = {"x": x, "y": y, "dx": of_x, "dweight": of_layer["layer"].nn.weight.get(), **running()}
    layer.eval()
    case["evaluation"] = {"x": batches[2], "y": output(jnp.asarray(batches[2]), layer=layer)[1]}
    return case


def gradients():
    """Gradients with respect to an input and a selection of weights at once, with an auxiliary result."""
    model = Chain()
    after_start(model)
    model.a.h.set(jnp.asarray(MOVED))
    model.clear_params(pxc.VodeParam.Cache)

    @pxf.vmap(PER_SAMPLE, in_axes=(0,), out_axes=(None, 0), axis_name="batch")
    def loss(x, *, model):
        output = model(x)
        return jax.lax.psum(model.energy(), "batch"), output

    with pxu.step(model, clear_params=pxc.VodeParam.Cache):
        mask = pxu.M(pxnn.LayerParam).to([False, True])
        (value, (auxiliary,)), (of_x, of_model) = pxf.value_and_grad(mask, argnums=(0,), has_aux=True)(loss)(X, model=model)
    return {"energy": value, "auxiliary": auxiliary, "x": of_x, "W2": of_model["model"].second.nn.weight.get()}


def masks():
    """Names of what masks select."""
    model = Chain()
    after_start(model)
    model.first.nn.bias.frozen = True

    def selected(mask):
        kept = jax.tree_util.tree_flatten_with_path(mask(model), is_leaf=lambda x: isinstance(x, pcx.BaseParam))[0]
        return sorted(jax.tree_util.keystr(path) for path, leaf in kept if isinstance(leaf, pcx.BaseParam))

    return {
        "weights": selected(pxu.M(pxnn.LayerParam)),
        "values": selected(pxu.M(pxc.VodeParam)),
        "free values": selected(pxu.M_hasnot(pxc.VodeParam, frozen=True)),
        "frozen": selected(pxu.M_has(pxnn.LayerParam | pxc.VodeParam, frozen=True)),
        "thawed weights": selected(pxu.M(pxnn.LayerParam) & pxu.M_hasnot(pcx.BaseParam, frozen=True)),
        "either": selected(pxu.M_has(pxnn.LayerParam, frozen=True) | pxu.M_has(pxc.VodeParam, frozen=True)),
    }


def flow():
    """Scan, while, cond and switch, alone and nested."""
    def cumulate(row, carried):
        carried = 0.5 * carried + row
        return (carried,), 2 * carried

    (last,), stacked = pxf.scan(cumulate, xs=jnp.asarray(X))(jnp.zeros(2))
    (doubled,) = pxf.while_loop(lambda v: (2 * v,), lambda v: v < 100)(jnp.array(1.0))
    branches = {"below": -3, "first": 0, "middle": 1, "last": 2, "above": 9}
    choose = pxf.switch((lambda v: v + 1, lambda v: v * 10, lambda v: v - 5))
    branch = pxf.cond(lambda v: v + 1, lambda v: v - 1)

    def nested(row, total):
        total = total + pxf.cond(lambda v: jnp.sum(v), lambda v: -jnp.sum(v))(row[0] > 0, row)
        (total,) = pxf.while_loop(lambda v: (v * 0.5,), lambda v: v > 1)(total)
        return (choose(jnp.floor(total).astype(int) + 1, total),), total

    (final,), inner = pxf.scan(nested, xs=jnp.asarray(X))(jnp.array(0.0))
    return {
        "scan/last": last, "scan/stacked": stacked, "while": doubled,
        "cond/yes": branch(True, jnp.array(4.0)), "cond/no": branch(False, jnp.array(4.0)),
        **{f"switch/{name}": choose(index, jnp.array(4.0)) for name, index in branches.items()},
        "nested/last": final, "nested/stacked": inner,
    }


def optimisers():
    """A fresh state per batch, scaled gradients, and groups that keep their state when they are not stepped."""
    model = Chain()
    mask = pxu.M(pxnn.LayerParam)
    tree = pxu.OptimTree(lambda: optax.sgd(0.1, momentum=0.5), lambda x: isinstance(x, pxnn.Linear), mask(model))
    ones = jax.tree_util.tree_map(jnp.ones_like, mask(model))
    for step, stepped in enumerate((("first", "second"), ("first",), ("first", "second"))):
        grads = jax.tree_util.tree_map(lambda g: g, ones)
        for name in {"first", "second"} - set(stepped):
            for parameter in (getattr(grads, name).nn.weight, getattr(grads, name).nn.bias):
                parameter.set(None)
        tree.step(model, grads, scale_by=0.5)
    return {"first": model.first.nn.bias.get(), "second": model.second.nn.bias.get()}


def randomness():
    """One seed is one model; draws in a batch are each sample's own, unless a generator of one's own is not split."""
    pcx.RKG.seed(3)
    one = pxnn.Linear(4, 3).nn.weight.get()
    pcx.RKG.seed(3)
    two = pxnn.Linear(4, 3).nn.weight.get()

    @pxf.vmap({}, in_axes=(0,), out_axes=0)
    def split(x):
        return jax.random.normal(pcx.RKG(), x.shape)

    own = pcx.RandomKeyGenerator(5)

    @pxf.vmap(pxu.M(pcx.BaseParam).to((None, None)), in_axes=(0,), out_axes=0)
    def unsplit(x, *, rkg):
        return jax.random.normal(rkg.key.get(), x.shape)

    a, b = np.asarray(split(X)), np.asarray(unsplit(X, rkg=own))
    return {
        "same seed, same model": bool((one == two).all()),
        "split draws differ": bool((a[0] != a[1]).all()),
        "unsplit draws agree": bool((b[0] == b[1]).all()),
    }


def sharing():
    """A layer that is used twice: its gradients add."""
    class Twice(pxc.EnergyModule):
        def __init__(self):
            super().__init__()
            self.layer = pxnn.Linear(2, 2)
            self.layer.nn.weight.set(jnp.asarray(W1[:2]))
            self.layer.nn.bias.set(jnp.asarray(B2))
            self.a, self.b = pxc.Vode(), pxc.Vode()
            self.b.h.frozen = True

        def __call__(self, x, y=None):
            self.b(self.layer(self.a(self.layer(x))))
            if y is not None:
                self.b.set("h", y)
            return self.b.get("u")

    model = Twice()
    after_start(model)
    model.a.h.set(jnp.asarray(MOVED[:, :2]))
    model.clear_params(pxc.VodeParam.Cache)
    with pxu.step(model, clear_params=pxc.VodeParam.Cache):
        return {"W": gradient(model, pxu.M(pxnn.LayerParam)).layer.nn.weight.get()}


def saving(folder):
    """Names and shapes in a file of parameters."""
    path = folder / "parameters.npz"
    pxu.save_params(Chain(), str(path))
    arrays = np.load(path)
    names = {name: list(arrays[name].shape) for name in sorted(arrays)}
    path.unlink()
    return names


def saving_shared(folder):
    """What save_params writes of a parameter with two keys, and which files load_params reads."""
    class Twice(pxc.EnergyModule):
        def __init__(self):
            super().__init__()
            self.one = pxnn.Linear(2, 2)
            self.two = pxnn.shared(self.one)

    def readable(arrays):
        np.savez(path, **arrays)
        try:
            pxu.load_params(Twice(), str(path))
        except (KeyError, ValueError) as error:
            return type(error).__name__
        return "read"

    path = folder / "shared.npz"
    pxu.save_params(Twice(), str(path))
    with np.load(path, allow_pickle=True) as file:
        written = {name: file[name] for name in file}
    numbers = {name: array for name, array in written.items() if array.dtype != object}
    all_keys = {name: numbers[name.replace("two", "one")] for name in written}
    result = {"numbers": sorted(numbers), "none": sorted(set(written) - set(numbers)), "as written": readable(written),
              "once": readable(numbers), "repeated": readable(all_keys)}
    path.unlink()
    return result


def plain(value):
    """Returns arrays as lists, for JSON."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value if isinstance(value, (bool, list, str)) else np.asarray(value, np.float64).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=pathlib.Path, help="the JSON file")
    out = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    cases = {"network": {"W1": W1, "b1": B1, "W2": W2, "b2": B2, "x": X, "y": Y, "moved": MOVED}}
    cases |= {name: phases(*how) for name, how in RULESETS.items()}
    cases |= energies()
    cases |= {"gradients": gradients(), "masks": masks(), "flow": flow(), "optimisers": optimisers(), "randomness": randomness(),
              "sharing": sharing(), "saving": saving(out.parent), "saving_shared": saving_shared(out.parent), "noise": noise(),
              "weighted_by_step": weighted(False), "weighted_by_status": weighted(True), "statuses": statuses(),
              "compiled": compiled(), "batch_norm": batch_norm()}
    out.write_text(json.dumps(plain(cases), indent=1) + "\n")
    print(f"{out}: {len(cases)} cases, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
