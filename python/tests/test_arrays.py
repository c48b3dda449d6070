"""Arrays in and out: what is taken as it lies, what is refused and in which words."""

import gc

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons, run_alone


@pytest.fixture(name="doubler")
def made_doubler():
    network = pcxx.Network()
    x = network.node("x", (2, 3))
    executor = pcxx.Executor(network, [x], lambda flow: flow.output("double", 2 * x))
    return executor, x


def test_an_array_comes_out_as_it_went_in(doubler):
    executor, x = doubler
    data = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
    executor.run({x: data})
    np.testing.assert_array_equal(executor.output("double"), 2 * data)


class Exporter:
    """An array that is known by DLPack alone."""

    def __init__(self, array):
        self.array, self.calls = array, 0

    def __dlpack__(self, **options):
        self.calls += 1
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack_buffers_and_read_only_arrays_are_taken(doubler):
    executor, x = doubler
    data = np.ones((2, 2, 3), np.float32)
    read_only = data.copy()
    read_only.flags.writeable = False
    exporter = Exporter(data)
    for each in (exporter, memoryview(data), read_only, data[:, :, :], np.ones((4, 2, 3), np.float32)[1:3]):
        executor.run({x: each})
        np.testing.assert_array_equal(executor.output("double"), 2 * data)
    assert exporter.calls == 1


def test_torch_tensors_are_taken(doubler):
    torch = pytest.importorskip("torch")
    executor, x = doubler
    for gradient in (False, True):
        executor.run({x: torch.ones(2, 2, 3, requires_grad=gradient)})
        assert executor.output("double").sum() == 24
    with pytest.raises(pcxx.DTypeError, match="bfloat16; expected float32"):
        executor.run({x: torch.ones(2, 2, 3, dtype=torch.bfloat16)})


@pytest.mark.parametrize("make, error, message", [
    (lambda torch: torch.ones(4, 2, 3, dtype=torch.float64), pcxx.DTypeError, r"are float64; expected float32.*torch.float32"),
    (lambda torch: torch.ones(4, 2, 3, dtype=torch.bool), pcxx.DTypeError, "are bool; expected float32"),
    (lambda torch: torch.ones(4, 3, 2).transpose(1, 2), pcxx.ArgumentError, r"row by row .*x.contiguous\(\)"),
    (lambda torch: torch.ones(0, 2, 3), pcxx.ArgumentError, "an empty batch"),
    (lambda torch: torch.ones(4, 2, 3).to_sparse(), pcxx.DTypeError, "cannot be read"),
    (lambda torch: torch.ones(4, 2, 3, device="meta"), pcxx.DTypeError, "cannot be read .*meta"),
    (lambda torch: torch.ones(4, 2, 3, dtype=torch.complex64).conj().imag, pcxx.DTypeError, r"sign is not in memory.*resolve_neg"),
])
def test_torch_tensors_that_do_not_fit_are_named(doubler, make, error, message):
    torch = pytest.importorskip("torch")
    executor, x = doubler
    with pytest.raises(error, match=message):
        executor.run({x: make(torch)})


def test_torch_and_numpy_share_what_comes_out(doubler):
    torch = pytest.importorskip("torch")
    executor, x = doubler
    executor.run({x: torch.ones(2, 2, 3)})
    output = executor.output("double")
    assert torch.from_numpy(output).data_ptr() == torch.from_dlpack(output).data_ptr() == output.ctypes.data


def test_a_torch_loader_trains():
    torch = pytest.importorskip("torch")
    network = Classifier()
    points, labels = moons(512)
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(points), torch.from_numpy(labels)),
                                          batch_size=64, shuffle=True)
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(values=pcxx.sgd(0.01, momentum=0.5), weights=pcxx.adamw(0.01)))
    for _ in range(25):
        for inputs, targets in batches:
            trainer.step({network.point: inputs, network.label: targets})
    assert trainer.accuracy(network.label, labels, {network.point: points}) > 0.9 and trainer.steps == 200


def test_jax_arrays_are_taken(doubler):
    jax = pytest.importorskip("jax")
    executor, x = doubler
    executor.run({x: jax.numpy.ones((2, 2, 3))})
    assert executor.output("double").sum() == 24
    with pytest.raises(pcxx.DTypeError, match="bfloat16; expected float32"):
        executor.run({x: jax.numpy.ones((2, 2, 3), jax.numpy.bfloat16)})
    with pytest.raises(pcxx.DTypeError, match="Tracer"):
        jax.jit(lambda data: executor.run({x: data}))(jax.numpy.ones((2, 2, 3)))


def test_data_are_read_where_they_lie():
    """512 MiB go in with no more than 256 MiB to spare: a copy would not fit."""
    outcome = run_alone("""
import resource
import numpy as np
import pcxx
network = pcxx.Network()
big, small = network.node("big", 2**27), network.node("small", 1)
executor = pcxx.Executor(network, [big, small], lambda flow: flow.output("x", 1.0 * small), threads=1)
data = {big: np.zeros((1, 2**27), np.float32), small: np.ones((1, 1), np.float32)}
for line in open("/proc/self/status"):
    if line.startswith("VmSize"):
        limit = int(line.split()[1]) * 1024 + 2**28
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
executor.run(data)
try:
    data[big].copy()
except MemoryError:
    print("no copy fits", executor.output("x")[0, 0])
""")
    assert outcome.stdout == "no copy fits 1.0\n", outcome.stderr


def test_a_dataset_shows_its_own_memory():
    data = pcxx.two_moons(samples=10)
    assert data.inputs.ctypes.data == data.inputs.ctypes.data and not data.inputs.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        data.inputs[0] = 1


@pytest.mark.parametrize("data, error, message", [
    (np.ones((4, 2, 3)), pcxx.DTypeError, r"node 'x' are float64; expected float32: .astype\(numpy.float32\)"),
    (np.ones((4, 2, 3), np.int32), pcxx.DTypeError, "are int32; expected float32"),
    (np.ones((4, 2, 3), bool), pcxx.DTypeError, "are bool; expected float32"),
    (np.ones((4, 3, 2), np.float32), pcxx.ShapeError, r"are \(4, 3, 2\); expected \(samples, 2, 3\)"),
    (np.ones((4, 6), np.float32), pcxx.ShapeError, r"are \(4, 6\); expected \(samples, 2, 3\)"),
    (np.float32(1), pcxx.ShapeError, r"node 'x' are \(\); expected \(samples, 2, 3\)"),
    (np.ones((0, 2, 3), np.float32), pcxx.ArgumentError, "an empty batch; expected at least one sample"),
    (np.ones((4, 3, 2), np.float32).transpose(0, 2, 1), pcxx.ArgumentError, "row by row.*numpy.ascontiguousarray"),
    (np.ones((8, 2, 3), np.float32)[::2], pcxx.ArgumentError, "elements of axis 0 are 12 apart instead of 6"),
    (np.ones((4, 2, 3), np.float32)[::-1], pcxx.ArgumentError, "axis 0 runs backwards"),
    (np.ones((4, 2, 3), np.float32)[:, :, ::-1], pcxx.ArgumentError, "axis 2 runs backwards"),
    (np.broadcast_to(np.float32(1), (4, 2, 3)), pcxx.ArgumentError, "elements of axis 2 are 0 apart instead of 1"),
    (np.array(1, np.float32), pcxx.ShapeError, r"are \(\); expected \(samples, 2, 3\)"),
    (np.ones((4, 2, 3), np.float16), pcxx.DTypeError, "are float16; expected float32"),
    (np.ones((4, 2, 3), np.complex64), pcxx.DTypeError, "are complex64; expected float32"),
    (np.ones((4, 2, 3), ">f4"), pcxx.DTypeError, "'ndarray' of >f4 that cannot be read .*native byte order"),
    (np.ones((4, 2, 3), object), pcxx.DTypeError, "'ndarray' of object that cannot be read"),
    (np.full((4, 2, 3), "a"), pcxx.DTypeError, "'ndarray' of <U1 that cannot be read"),
    (np.zeros((4, 2, 3), "M8[s]"), pcxx.DTypeError, r"'ndarray' of datetime64\[s\] that cannot be read"),
    (np.ma.masked_array(np.ones((4, 2, 3), np.float32), mask=True), pcxx.DTypeError, r"masked array, .*expected x.filled\(value\)"),
    ([[[1.0] * 3] * 2], pcxx.DTypeError, r"are a 'list'; expected an array.*numpy.asarray\(x, numpy.float32\)"),
    (b"bytes", pcxx.DTypeError, "are uint8; expected float32"),
    ({}, pcxx.DTypeError, "are a 'dict'; expected an array"),
    (None, pcxx.DTypeError, "are a 'NoneType'; expected an array"),
    ("text", pcxx.DTypeError, "are a 'str'; expected an array"),
])
def test_what_does_not_fit_is_named(doubler, data, error, message):
    executor, x = doubler
    with pytest.raises(error, match=message) as caught:
        executor.run({x: data})
    assert str(caught.value).startswith("[run] ")


def test_another_device_is_named(doubler):
    class OnGpu:
        """What claims to lie in a GPU's memory, as DLPack says it."""

        def __dlpack__(self, **options):
            return capsule_on_device(2)

        def __dlpack_device__(self):
            return 2, 0

    executor, x = doubler
    with pytest.raises(pcxx.DeviceError, match="expected host memory"):
        executor.run({x: OnGpu()})


def capsule_on_device(device: int):
    """Returns a DLPack capsule of f32 (4, 2, 3) that says that it is elsewhere."""
    import ctypes

    class Tensor(ctypes.Structure):
        _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                    ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                    ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
                    ("offset", ctypes.c_uint64), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]

    shape = (ctypes.c_int64 * 3)(4, 2, 3)
    tensor = Tensor(16, device, 0, 3, 2, 32, 1, shape, None, 0, None, None)
    KEPT.append((shape, tensor))
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return new(ctypes.addressof(tensor), b"dltensor", None)


KEPT: list = []


def test_keys_and_tensors_in_the_wrong_place_are_named(doubler):
    executor, x = doubler
    data = np.ones((4, 2, 3), np.float32)
    with pytest.raises(pcxx.DTypeError, match="a key of the data is a 'str'; expected the node"):
        executor.run({"x": data})
    with pytest.raises(pcxx.DTypeError, match="traced tensor, which has no numbers"):
        executor.run({x: x * 2})
    with pytest.raises(pcxx.ArgumentError, match="samples="):
        executor.run()
    with pytest.raises(pcxx.ArgumentError, match="no data"):
        executor.run(samples=3)


def test_batches_of_two_nodes_must_agree():
    network = Classifier()
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding())
    points, labels = moons()
    with pytest.raises(pcxx.ShapeError, match=r"'label' are \(255, 2\); expected \(256, 2\)"):
        trainer.step({network.point: points, network.label: labels[1:]})


def test_index_nodes_take_int32():
    network = pcxx.Network()
    index = network.node("index", 3, dtype=pcxx.DType.index)
    executor = pcxx.Executor(network, [index], lambda flow: flow.output("hot", pcxx.one_hot(index, 4)))
    numbers = np.array([[0, 1, 3], [2, 2, 0]], np.int32)
    executor.run({index: numbers})
    np.testing.assert_array_equal(executor.output("hot"), np.eye(4, dtype=np.float32)[numbers])
    with pytest.raises(pcxx.DTypeError, match="int64; expected int32"):
        executor.run({index: numbers.astype(np.int64)})


def test_views_outlive_what_they_came_from():
    data = pcxx.two_moons(samples=100, seed=3)
    inputs, expected = data.inputs, np.array(data.inputs)
    loader = pcxx.Loader(data, batch=32, shuffle=False)
    epoch = loader.epoch(0)
    batches = [next(epoch) for _ in range(3)]
    network = Classifier()
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding())
    trainer.step({network.point: batches[0].inputs, network.label: batches[0].targets})
    executor = trainer.executor([network.point, network.label])
    energy, weight = executor.output("energy"), trainer.state["low.weight"]
    before = energy.copy(), weight.copy()
    trainer.step({network.point: batches[1].inputs, network.label: batches[1].targets})
    del data, loader, epoch, network, trainer, executor
    gc.collect()
    np.testing.assert_array_equal(inputs, expected)
    np.testing.assert_array_equal(np.concatenate([batch.inputs for batch in batches]), expected[:96])
    np.testing.assert_array_equal(energy, before[0])
    np.testing.assert_array_equal(weight, before[1])


def test_states_are_read_and_written():
    network = Classifier()
    state = network.initialise(3)
    assert sorted(state) == state.keys() and "low.weight" in state and "nobody" not in state and len(state) == 6
    with pytest.raises(ValueError, match="read-only"):
        state["low.weight"][0, 0] = 1
    state["low.weight"] = np.full((32, 2), 0.5)
    assert (state["low.weight"] == 0.5).all() and state["low.weight"].dtype == np.float32
    with pytest.raises(pcxx.ShapeError, match=r"'low.weight' is \(32, 2\) but is given \(2, 32\)"):
        state["low.weight"] = np.zeros((2, 32))
    with pytest.raises(pcxx.NameError, match="low.weight"):
        state["low.weigth"]
    kept = state.arrays()
    state["low.bias"] = np.ones(32)
    state.load(kept)
    np.testing.assert_array_equal(state["low.bias"], kept["low.bias"])
    with pytest.raises(pcxx.NameError, match="low.bias"):
        state.load({name: array for name, array in kept.items() if name != "low.bias"})


def test_files_hold_what_was_written(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(4, dtype=np.int32), "c": np.array(1.5)}
    pcxx.save_npz(tmp_path / "x.npz", arrays)
    pcxx.save_safetensors(tmp_path / "x.safetensors", arrays, {"by": "test"})
    read, (tensors, texts) = pcxx.load_npz(tmp_path / "x.npz"), pcxx.load_safetensors(tmp_path / "x.safetensors")
    assert texts == {"by": "test"}
    with np.load(tmp_path / "x.npz") as archive:
        for name, array in arrays.items():
            for got in (read[name], tensors[name], archive[name]):
                np.testing.assert_array_equal(got, array)
                assert got.dtype == array.dtype
    with pytest.raises(pcxx.FileError, match="nowhere.npz"):
        pcxx.load_npz(tmp_path / "nowhere.npz")
    with pytest.raises(RuntimeError):
        pcxx.load_npz(tmp_path / "nowhere.npz")
