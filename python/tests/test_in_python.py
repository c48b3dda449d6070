"""The Python of docs/in_python.md, and that what the page says is true; its blocks are slices of this file."""

import multiprocessing
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons

RULE = pcxx.PredictiveCoding(steps=4)


def made():
    points, labels = moons()
    network = Classifier()
    return network, pcxx.Trainer(network, RULE, seed=0), points, labels


def test_arrays_in_and_out():
    network, trainer, points, labels = made()
    # [arrays]
    report = trainer.step({network.point: points, network.label: labels})
    executor = trainer.executor([network.point, network.label])
    values = executor.value(network.node_named("high"))  # (samples, 32), a copy
    energies = report.nodes  # {'low': ..., 'high': ..., 'label': ...}, means over the batch
    # [/arrays]
    assert values.shape == (256, 32) and set(energies) == {"low", "high", "label"}
    before = values.copy()
    trainer.step({network.point: points, network.label: labels})
    np.testing.assert_array_equal(values, before)


def test_a_double_is_an_error_that_says_what_to_do(capsys):
    network, trainer, points, labels = made()
    # [double]
    doubles = points.astype("f8")  # what NumPy makes of most numbers
    try:
        trainer.step({network.point: doubles, network.label: labels})
    except pcxx.DTypeError as error:
        print(error)  # [step] the data of node 'point' are float64; expected float32: .astype(numpy.float32) or ...
    # [/double]
    assert capsys.readouterr().out.startswith(
        "[step] the data of node 'point' are float64; expected float32: .astype(numpy.float32) or ")


def test_a_state_is_read_and_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network, trainer, points, labels = made()
    # [state]
    weight = trainer.state["low.weight"]  # a read-only copy, (32, 2)
    trainer.state["low.weight"] = 0.9 * weight
    pcxx.save_safetensors("weights.safetensors", trainer.state.arrays())
    # [/state]
    np.testing.assert_allclose(trainer.state["low.weight"], 0.9 * weight, rtol=1e-6)
    with pytest.raises(ValueError):
        weight[0] = 1


def test_a_data_loader_trains():
    torch = pytest.importorskip("torch")
    network, trainer, points, labels = made()
    # [torch]
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(points), torch.from_numpy(labels))
    batches = torch.utils.data.DataLoader(dataset, batch_size=32, shuffle=True)
    trainer.fit(batches, [network.point, network.label], epochs=8)
    logits = torch.from_numpy(trainer.predict(network.label, {network.point: points}))
    # [/torch]
    assert float((logits.argmax(1) == torch.from_numpy(labels).argmax(1)).float().mean()) > 0.8


def test_jax_arrays_go_in():
    jax = pytest.importorskip("jax")
    network, trainer, points, labels = made()
    # [jax]
    report = trainer.step({network.point: jax.numpy.tanh(points), network.label: jax.numpy.asarray(labels)})
    # [/jax]
    assert np.isfinite(report.energy)


# [seeds]
def energy_with(seed: int) -> float:
    points, labels = moons()
    network = Classifier()
    trainer = pcxx.Trainer(network, RULE, seed=seed, threads=1)
    for _ in range(20):
        report = trainer.step({network.point: points, network.label: labels})
    return report.energy
# [/seeds]


def test_threads_run_side_by_side():
    # [threads]
    with ThreadPoolExecutor(4) as pool:
        energies = list(pool.map(energy_with, range(4)))
    # [/threads]
    assert energies == [energy_with(seed) for seed in range(4)]


def test_processes_are_spawned():
    # [processes]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        energies = pool.map(energy_with, range(4))
    # [/processes]
    assert energies == [energy_with(seed) for seed in range(4)]


class Interrupted(list):
    """Batches of which the last comes with Ctrl-C."""

    def __iter__(self):
        yield from super().__iter__()
        signal.raise_signal(signal.SIGINT)


def test_what_was_learnt_before_an_interrupt_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network, trainer, points, labels = made()
    batches = Interrupted([(points, labels)] * 3)
    # [interrupt]
    try:
        trainer.fit(batches, [network.point, network.label], epochs=1000)
    except KeyboardInterrupt:
        pcxx.save_npz("stopped.npz", trainer.state.arrays())
    # [/interrupt]
    assert trainer.steps == 3
    np.testing.assert_array_equal(pcxx.load_npz("stopped.npz")["low.weight"], trainer.state["low.weight"])
    assert trainer.step({network.point: points, network.label: labels}).step == 3


def test_errors_say_who_what_and_where():
    network, trainer, points, labels = made()
    # [errors]
    try:
        trainer.step({network.point: points, network.label: labels[:100]})
    except pcxx.ShapeError as error:  # a ValueError, too
        message = str(error)
    # [/errors]
    assert message == "[step] the data of node 'label' are (100, 2); expected (256, 2)"


def test_python_is_traced_once():
    network, (points, labels), calls = Classifier(), moons(), []
    # [traced]
    def absolute_error(value: pcxx.Tensor, prediction: pcxx.Tensor) -> pcxx.Tensor:
        return pcxx.sum(pcxx.abs(value - prediction))

    network.phase("start").energy("low", pcxx.Energy("absolute", absolute_error))
    # [/traced]
    counted = pcxx.Energy("counted", lambda h, u: calls.append(None) or absolute_error(h, u))
    network.phase("start").energy("high", counted)
    trainer = pcxx.Trainer(network, RULE)
    trainer.step({network.point: points, network.label: labels})
    once = len(calls)
    for _ in range(5):
        trainer.step({network.point: points, network.label: labels})
    assert once > 0 and len(calls) == once
    with pytest.raises(pcxx.DTypeError):
        bool(network.point > 0)
