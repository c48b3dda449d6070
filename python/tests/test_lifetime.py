"""Threads, interruptions, forks and garbage: nothing crashes, hangs or leaks."""

import threading
import weakref

import numpy as np
import pytest

import pcxx
from networks import Classifier, collect, moons, run_alone


def energies_of(seed: int, steps: int = 30) -> list[float]:
    points, labels = moons(seed=seed)
    network = Classifier()
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(), seed=seed, threads=1)
    return [trainer.step({network.point: points, network.label: labels}).energy for _ in range(steps)]


def in_threads(functions):
    """Runs functions at once; returns their results, or raises the first exception."""
    results = [None] * len(functions)

    def run(i):
        try:
            results[i] = functions[i]()
        except BaseException as error:
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def test_eight_threads_with_a_trainer_each_do_what_one_does():
    expected = [energies_of(seed) for seed in range(8)]
    assert in_threads([lambda seed=seed: energies_of(seed) for seed in range(8)]) == expected


def test_eight_threads_may_share_one_trainer_its_state_and_its_network():
    points, labels = moons()
    network = Classifier()
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(), threads=1)
    data = {network.point: points, network.label: labels}

    def learn():
        for _ in range(20):
            trainer.step(data)

    def look():
        executor = pcxx.Executor(network, [network.point], pcxx.prediction_of(network.label), trainer.state)
        for _ in range(20):
            executor.run({network.point: points})
            assert np.isfinite(executor.output("prediction")).all()
            trainer.state["low.bias"] = trainer.state["low.bias"]
            assert np.isfinite(trainer.predict(network.label, {network.point: points})).all()

    in_threads([learn, look] * 4)
    assert trainer.steps == 80


def test_python_runs_while_the_engine_does():
    network = Classifier(256)
    points, labels = moons(4096)
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(steps=64), threads=1)
    data = {network.point: points, network.label: labels}
    trainer.step(data)
    during, running = [], threading.Event()

    def count():
        running.wait()
        while running.is_set():
            during.append(None)
            threading.Event().wait(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    running.set()
    while len(during) < 5:  # would never end if steps kept the interpreter's lock and gave no turn
        trainer.step(data)
    running.clear()
    thread.join()


def test_an_interrupt_stops_at_the_next_batch():
    outcome = run_alone("""
import signal, threading, os
from networks import *
network = Classifier()
points, labels = moons()
trainer = pcxx.Trainer(network, pcxx.PredictiveCoding())
data = {network.point: points, network.label: labels}
trainer.step(data)
threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
try:
    while True:
        trainer.step(data)
except KeyboardInterrupt:
    print("stopped", trainer.step(data).step > 1)
""")
    assert outcome.stdout == "stopped True\n" and outcome.returncode == 0, outcome.stderr


def test_a_fork_after_use_is_an_error_and_before_use_works():
    outcome = run_alone("""
import os
from networks import *
network = Classifier()
points, labels = moons()
trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(), threads=2)
data = {network.point: points, network.label: labels}
def fork(what):
    child = os.fork()
    if child == 0:
        try:
            trainer.step(data)
            print(what, "ran", flush=True)
        except pcxx.DeviceError as error:
            print(what, str(error)[:33], flush=True)
        os._exit(0)
    os.waitpid(child, 0)
fork("before:")
trainer.step(data)
fork("after:")
trainer.step(data)
""")
    assert outcome.stdout == "before: ran\nafter: [run] this process was forked off\n", outcome.stderr


def test_cycles_are_collected():
    class Cyclic(Classifier):
        def __init__(self):
            super().__init__()
            self.scale = 0.5
            self.phase("start").follow("low", lambda u: self.scale * u)
            self.trainer = pcxx.Trainer(self, pcxx.LearningRule("mine", lambda flow: self.write(flow)))

        def write(self, flow):
            flow.enter("start")
            flow.output("energy", pcxx.batch_mean(self.energy()))

    network = Cyclic()
    points, labels = moons()
    network.trainer.step({network.point: points, network.label: labels})
    gone = weakref.ref(network)
    del network
    collect()
    assert gone() is None


@pytest.mark.parametrize("code", [
    "network = Classifier()",
    "train(Classifier())",
    "class Kept: pass\nKept.network = Classifier(); Kept.trainer = train(Kept.network)",
    "try:\n    pcxx.Executor(Classifier(), [], lambda flow: 1 / 0)\nexcept ZeroDivisionError:\n    pass",
    "network = Classifier(); network.phase('start').follow('low', lambda u: network.scale * u); network.scale = 2; train(network)",
    "network = Classifier(); network.trainer = train(network); views = network.trainer.state.arrays(), pcxx.two_moons().inputs",
    "loader = pcxx.Loader(pcxx.two_moons(), prefetch=2); epoch = loader.epoch(0); next(epoch)",
    "optimiser = pcxx.Optimiser('mine', lambda one: one.value); network = Classifier(); train(network, values=optimiser)",
])
def test_nothing_is_left_at_the_end(code):
    outcome = run_alone(f"""
from networks import *
def train(network, **options):
    points, labels = moons()
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(**options))
    trainer.step({{network.point: points, network.label: labels}})
    return trainer
{code}
""")
    assert outcome.returncode == 0 and outcome.stderr == "", outcome.stderr
