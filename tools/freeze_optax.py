#!/usr/bin/env python3
"""Freezes trajectories of optax's optimisers and values of its schedules as one NPZ file that the tests replay.

Needs  pip install jax optax numpy.

  freeze_optax.py --out tests/learn/optax.npz

The file holds, all in f64: start/NAME, the parameters `weight` (3, 4) and `bias` (4); gradients/NAME, one a step;
CASE/NAME, the parameter after each step of a case; counts, the updates at which schedules are looked at, and
schedule/CASE, their rates. tests/learn/optax_test.cpp says what each case is in pcxx.
"""

import argparse
import pathlib

import jax
import numpy as np
import optax

STEPS = 12
COUNTS = (0, 1, 2, 4, 5, 6, 9, 10, 11, 14, 15, 16, 19, 20, 21, 30, 39, 40, 41, 100, 1000)


def only_weight(parameters):
    """A mask of weight decay: the weight decays, the bias does not."""
    return {name: name == "weight" for name in parameters}


def exact(schedule):
    """Returns the schedule of a count in f64: optax divides whole numbers in f32."""
    return lambda count: schedule(jax.numpy.asarray(count, jax.numpy.float64))


def schedules():
    """Returns name -> schedule."""
    cycle = {"init_value": 0.1, "peak_value": 1.0, "warmup_steps": 4, "decay_steps": 10, "end_value": 0.05}
    return {
        "linear": optax.linear_schedule(1.0, 0.1, 10),
        "warmup_cosine": optax.warmup_cosine_decay_schedule(**cycle),
        "cosine": optax.cosine_decay_schedule(0.8, 20, alpha=0.25),
        "cosine_restarts": optax.sgdr_schedule([cycle, {**cycle, "peak_value": 0.5}, {**cycle, "decay_steps": 20}]),
        "exponential": optax.exponential_decay(0.7, 10, 0.5),
        "exponential_late": optax.exponential_decay(0.7, 10, 0.5, transition_begin=5),
        "exponential_stairs": optax.exponential_decay(0.7, 5, 0.8, staircase=True, end_value=0.3),
        "exponential_rising": optax.exponential_decay(0.1, 10, 1.5, end_value=0.4),
        "piecewise_constant": optax.piecewise_constant_schedule(1.0, {5: 0.5, 15: 0.1, 40: 2.0}),
        "joined": optax.join_schedules(
            [optax.constant_schedule(0.3), optax.linear_schedule(1.0, 0.0, 10), optax.exponential_decay(0.5, 10, 0.9)],
            [5, 16]),
    }


def cases():
    """Returns name -> optimiser and what averages the parameters, if anything does."""
    falling = exact(optax.linear_schedule(0.1, 0.01, 8))
    plain = {
        "sgd": optax.sgd(0.1),
        "sgd_momentum": optax.sgd(0.1, momentum=0.9),
        "sgd_nesterov": optax.sgd(falling, momentum=0.5, nesterov=True),
        "sgd_decayed": optax.chain(optax.add_decayed_weights(0.2), optax.sgd(0.1, momentum=0.9)),
        "sgd_decayed_masked": optax.chain(optax.add_decayed_weights(0.2, only_weight), optax.sgd(0.1)),
        "adam": optax.adam(0.1),
        "adamw": optax.adamw(0.1),
        "adamw_masked": optax.adamw(falling, weight_decay=0.3, mask=only_weight),
        "lion": optax.lion(0.05),
        "lion_options": optax.lion(falling, b1=0.7, b2=0.8, weight_decay=0.2),
        "lion_masked": optax.lion(0.05, weight_decay=0.4, mask=only_weight),
        "rmsprop": optax.rmsprop(0.05),
        "rmsprop_options": optax.rmsprop(falling, decay=0.7, eps=1e-3),
        "rmsprop_outside": optax.rmsprop(0.05, eps=1e-2, eps_in_sqrt=False),
        "rmsprop_initial": optax.rmsprop(0.05, initial_scale=1.0),
        "rmsprop_momentum": optax.rmsprop(falling, momentum=0.8),
        "rmsprop_nesterov": optax.rmsprop(0.05, momentum=0.8, nesterov=True),
        "rmsprop_centred": optax.rmsprop(0.05, centered=True, eps=1e-4),
        "rmsprop_all": optax.rmsprop(falling, decay=0.8, eps=1e-4, centered=True, momentum=0.5, nesterov=True,
                                     initial_scale=0.5),
        "scaled": optax.chain(optax.scale(0.25), optax.sgd(0.1, momentum=0.9)),
        "clipped_by_value": optax.chain(optax.clip(0.5), optax.sgd(0.1, momentum=0.9)),
        "clipped_by_norm": optax.chain(optax.clip_by_global_norm(2.0), optax.sgd(0.1, momentum=0.9)),
        "clipped_by_norm_adamw": optax.chain(optax.clip_by_global_norm(2.0), optax.adamw(0.1, weight_decay=0.1)),
        "clipped_by_both": optax.chain(optax.clip(1.0), optax.clip_by_global_norm(2.0), optax.sgd(0.1)),
        "clipped_after_decay": optax.chain(optax.add_decayed_weights(0.5), optax.clip_by_global_norm(2.0), optax.sgd(0.1)),
        "clipped_before_decay": optax.chain(optax.clip_by_global_norm(2.0), optax.add_decayed_weights(0.5), optax.sgd(0.1)),
        "joined": optax.adam(exact(optax.join_schedules(
            [optax.linear_schedule(0.0, 0.1, 4), optax.exponential_decay(0.1, 3, 0.5)], [4]))),
        "frozen": optax.set_to_zero(),
    }
    return {name: (optimiser, None) for name, optimiser in plain.items()} | {
        "averaged": (optax.sgd(0.1), optax.ema(0.9)),
        "averaged_clipped": (optax.chain(optax.clip(0.5), optax.adam(0.1)), optax.ema(0.5)),
    }


def trajectory(optimiser, average, start, gradients):
    """Returns the parameters, or their averages, after each step: name -> (steps, ...)."""
    parameters, state = start, optimiser.init(start)
    memory = average.init(start) if average else None
    seen = {name: [] for name in start}
    for step in range(STEPS):
        updates, state = optimiser.update({name: each[step] for name, each in gradients.items()}, state, parameters)
        parameters = optax.apply_updates(parameters, updates)
        shown = parameters
        if average:
            shown, memory = average.update(parameters, memory)
        for name, value in shown.items():
            seen[name].append(np.asarray(value))
    return {name: np.stack(values) for name, values in seen.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the NPZ file to write")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)

    rng = np.random.default_rng(0)
    shapes = {"weight": (3, 4), "bias": (4,)}
    start = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    # Sizes from well below to well above every limit that a case clips at.
    sizes = np.exp(rng.uniform(-3, 1.5, STEPS))
    gradients = {name: np.stack([size * rng.normal(size=shape) for size in sizes]) for name, shape in shapes.items()}

    arrays = {f"start/{name}": value for name, value in start.items()}
    arrays |= {f"gradients/{name}": value for name, value in gradients.items()}
    for case, (optimiser, average) in cases().items():
        seen = trajectory(optimiser, average, jax.tree.map(jax.numpy.asarray, start), gradients)
        arrays |= {f"{case}/{name}": value for name, value in seen.items()}
    arrays["counts"] = np.array(COUNTS, np.float64)
    for case, schedule in schedules().items():
        arrays[f"schedule/{case}"] = np.array([float(exact(schedule)(count)) for count in COUNTS])
    np.savez_compressed(options.out, **arrays)
    print(f"{options.out}: {len(cases())} optimisers, {len(schedules())} schedules, optax {optax.__version__}")


if __name__ == "__main__":
    main()
