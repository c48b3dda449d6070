#!/usr/bin/env python3
"""Times training steps from Python beside the same steps from C++ and from PCX, and prints one JSON object per line.

  benchmarks/python_step.py --pcxx build/pcxx [--package build/python] [--rounds 5] [--pcx PYTHON --peers DIR]

`mlp` is 784-128-128-128-10, B=256, T=8 on batches of NumPy; `moons` is 2-32-32-2, B=32, T=8. C++ is `pcxx bench` of the same
work; PCX is DIR/pcx_reference.py, run by PYTHON, which has PCX. Programs take turns, each in a process of its own; a ratio is
the median of the rounds' medians over the other's. The last line has the time of `import pcxx` and the size of the package.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

WORKS = {"mlp": ["mlp", "--width", "128", "--batch", "256", "--steps", "8"], "moons": ["moons"]}


def chain(pcxx, widths, activation, energy):
    """Returns a network of dense layers and its first and last node, as `pcxx bench` has them."""
    network = pcxx.Network()
    first = below = network.node("input", widths[0])
    for i, width in enumerate(widths[1:-1], start=1):
        below = network.node(f"hidden{i}", width, activation(pcxx.linear(below, width)))
    last = network.node("label", widths[-1], pcxx.linear(below, widths[-1]), energy)
    return network, first, last


def measure(work):
    """Times steps of a training loop in this process."""
    import numpy as np

    import pcxx

    random = np.random.default_rng(0)
    if work == "mlp":
        network, first, last = chain(pcxx, [784, 128, 128, 128, 10], pcxx.gelu, pcxx.squared_error())
        rule = pcxx.PredictiveCoding(steps=8, values=pcxx.sgd(0.05), weights=pcxx.adamw(1e-3))
        inputs, batch = random.uniform(-1, 1, (256 * 40, 784)).astype(np.float32), 256
        targets = np.eye(10, dtype=np.float32)[random.integers(0, 10, len(inputs))]
    else:
        network, first, last = chain(pcxx, [2, 32, 32, 2], pcxx.leaky_relu, pcxx.categorical())
        rule = pcxx.PredictiveCoding(steps=8, values=pcxx.sgd(1e-2), weights=pcxx.adamw(1e-2))
        data = pcxx.two_moons(samples=1024, noise=0.2, seed=42)
        inputs, targets, batch = np.array(data.inputs), data.one_hot(), 32
    trainer = pcxx.Trainer(network, rule)
    times = []
    for _ in range(4 if work == "mlp" else 10):
        for start in range(0, len(inputs), batch):
            begin = time.perf_counter()
            report = trainer.step({first: inputs[start:start + batch], last: targets[start:start + batch]})
            times.append(1e3 * (time.perf_counter() - begin))
    return {"system": "python", "work": work, "median_ms": statistics.median(times[2:]), "min_ms": min(times[2:]),
            "energy": report.energy}


def output_of(command, environment=None):
    """Returns the last line of JSON that a program prints."""
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads([line for line in outcome.stdout.splitlines() if line.startswith("{")][-1])


def import_seconds(environment):
    code = "import time; begin = time.perf_counter(); import pcxx; print(time.perf_counter() - begin, pcxx.__file__)"
    times = []
    for _ in range(5):
        seconds, file = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True,
                                       check=True).stdout.split(maxsplit=1)
        times.append(float(seconds))
    return statistics.median(times), pathlib.Path(file.strip()).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", choices=WORKS, help=argparse.SUPPRESS)
    parser.add_argument("--pcxx", default="build/pcxx")
    parser.add_argument("--package", default="build/python", help="folder with the package; 'installed' for the one that is")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pcx", help="a Python that has PCX")
    parser.add_argument("--peers", type=pathlib.Path, help="folder with pcx_reference.py")
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    environment = dict(os.environ)
    if options.package != "installed":
        environment["PYTHONPATH"] = str(pathlib.Path(options.package).resolve())
    for work, arguments in WORKS.items():
        programs = {"python": ([sys.executable, __file__, "--measure", work], environment),
                    "c++": ([options.pcxx, "bench", *arguments], None)}
        if options.pcx and options.peers and work == "moons":
            programs["pcx"] = ([options.pcx, str(options.peers / "pcx_reference.py"), work], None)
        medians = {name: [] for name in programs}
        for turn in range(options.rounds):
            for name, (command, own) in list(programs.items())[::1 if turn % 2 == 0 else -1]:
                medians[name].append(output_of(command, own)["median_ms"])
        found = {name: statistics.median(times) for name, times in medians.items()}
        ratios = {f"python_over_{name}": round(found["python"] / found[name], 3) for name in found if name != "python"}
        lowest = {f"python_over_{name}_of_minima": round(min(medians["python"]) / min(medians[name]), 3)
                  for name in found if name != "python"}
        print(json.dumps({"work": work, "median_ms": {name: round(ms, 4) for name, ms in found.items()}, **ratios, **lowest}))
    seconds, folder = import_seconds(environment)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.name.startswith("libdnnl"))
    print(json.dumps({"import_s": round(seconds, 3), "package_mb_without_onednn": round(size / 1e6, 1)}))


if __name__ == "__main__":
    main()
