"""Networks and helpers that several tests use."""

import gc
import os
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np

import pcxx


class Classifier(pcxx.Network):
    """Two hidden layers of leaky ReLU between points and classes."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.point = self.node("point", 2)
        self.label = self.node("label", 2)
        low = self.node("low", width, pcxx.leaky_relu(pcxx.linear(self.point, width)))
        high = self.node("high", width, pcxx.leaky_relu(pcxx.linear(low, width)))
        self.predict(self.label, pcxx.linear(high, 2), pcxx.categorical())


def moons(samples: int = 256, seed: int = 42) -> tuple[np.ndarray, np.ndarray]:
    """Returns points (samples, 2) and one-hot labels (samples, 2)."""
    data = pcxx.two_moons(samples=samples, noise=0.2, seed=seed)
    return np.array(data.inputs), data.one_hot()


def evaluate(function: Any, *operands: np.ndarray, shared: bool = False) -> np.ndarray:
    """Returns what a traced function of tensors makes of arrays (samples, ...), in f64 on the reference."""
    network = pcxx.Network()
    nodes = [network.node(f"x{i}", operand.shape[1:]) for i, operand in enumerate(operands)]
    executor = pcxx.Executor(network, nodes, lambda flow: flow.output("result", function(*nodes)),
                             device="reference", precision="f64")
    executor.run(dict(zip(nodes, operands)))
    return executor.output("result")


def run_alone(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own; returns its outcome with what it printed."""
    here = pathlib.Path(__file__).parent
    paths = os.pathsep.join([str(pathlib.Path(pcxx.__file__).parent.parent), str(here)])
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": paths, **environment})


def collect() -> None:
    """Collects garbage until nothing is left."""
    while gc.collect():
        pass
