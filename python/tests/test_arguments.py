"""Calls that no function takes: an error that names the argument, what it is and what it should be."""

import inspect

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons


def node(extent=3):
    return pcxx.Network().node("x", extent)


class Unready(pcxx.Network):
    """Forgets to initialise what it derives from."""

    def __init__(self) -> None:
        self.x = self.node("x", 2)


@pytest.mark.parametrize("call, message", [
    (lambda: pcxx.linear(3, 4), r"\[linear\] argument 'x' is 3; expected Tensor"),
    (lambda: pcxx.linear(None, 4), r"\[linear\] argument 'x' is None; expected Tensor"),
    (lambda: pcxx.linear(np.ones(3), 4), r"\[linear\] argument 'x' is a 'ndarray'; expected Tensor"),
    (lambda: pcxx.linear(node(), 4.0), r"\[linear\] argument 'out' is 4.0; expected int"),
    (lambda: pcxx.linear(node()), r"\[linear\] argument 'out' is missing; expected int"),
    (lambda: pcxx.linear(node(), 4, True), r"\[linear\] 3 arguments by place; expected 2 arguments, and by name bias, name, weight"),
    (lambda: pcxx.linear(node(), 4, x=node()), r"\[linear\] argument 'x' is given twice"),
    (lambda: pcxx.linear(node(), 4, biased=False), r"\[linear\] unknown argument 'biased'; known: x, out, bias, name, weight"),
    (lambda: pcxx.linear(node(), 4, weight=np.ones(2)), r"argument 'weight' is a 'ndarray'; expected Initialiser \| Tensor \| None"),
    (lambda: pcxx.reshape(node(), ["a"]), r"\[reshape\] argument 'shape' is a 'list'; expected int \| Sequence\[int\]"),
    (lambda: pcxx.conv2d(node(), 4, 3, padding="valid"), r"argument 'padding' is the text 'valid'; expected int \| Sequence.*'same'"),
    (lambda: pcxx.sgd("fast"), r"\[sgd\] argument 'rate' is the text 'fast'; expected float \| Schedule \| Callable"),
    (lambda: pcxx.PredictiveCoding(stepz=8), r"\[PredictiveCoding\] unknown argument 'stepz'; known: steps, values, weights"),
    (lambda: pcxx.PredictiveCoding(8), r"\[PredictiveCoding\] 1 argument by place; expected no arguments, and by name steps"),
    (lambda: pcxx.PredictiveCoding(values=pcxx.PredictiveCoding()), r"argument 'values' is a 'LearningRule'; expected Optimiser"),
    (lambda: pcxx.Network().node(3, 3), r"\[node\] argument 'name' is 3; expected str"),
    (lambda: pcxx.Network.node("x", 3), r"\[node\] argument 'name' is 3; expected str|\[node\]"),
    (lambda: Classifier().phase("start").follow(3), r"\[follow\] argument 'nodes' is 3; expected Selection \| str"),
    (lambda: pcxx.Trainer(Classifier(), pcxx.PredictiveCoding()).step(None), r"\[step\] argument 'data' is None; expected Mapping"),
    (lambda: pcxx.Trainer(3, pcxx.PredictiveCoding()), r"\[trainer\] argument 'network' is a 'int'; expected a Network"),
    (lambda: pcxx.Trainer(Classifier, pcxx.PredictiveCoding()), "argument 'network' is the class 'Classifier'; .* an object of the class"),
    (lambda: pcxx.Trainer(Classifier(), pcxx.PredictiveCoding(), threads="two"), "argument 'threads' is the text 'two'; expected int"),
    (lambda: pcxx.Executor(None, [], lambda flow: None), r"\[Executor\] argument 'network' is None; expected Network"),
    (lambda: pcxx.load_npz(3), r"\[load_npz\] argument 'path' is 3; expected str \| PathLike"),
])
def test_a_wrong_argument_is_named(call, message):
    with pytest.raises(pcxx.DTypeError, match=message):
        call()


@pytest.mark.parametrize("call, error, message", [
    (lambda: pcxx.Network().node("x", -3), pcxx.ShapeError, "-3"),
    (lambda: pcxx.reshape(node(), (2, -2)), pcxx.ShapeError, "-2"),
    (Unready, pcxx.ArgumentError, r"the Unready is not initialised; expected super\(\).__init__\(\) to be called first"),
])
@pytest.mark.filterwarnings("ignore:nanobind. attempted to access an uninitialized instance")
def test_a_wrong_value_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_errors_of_arguments_point_at_the_users_line():
    with pytest.raises(pcxx.DTypeError) as caught:
        pcxx.linear(3, 4)
    assert str(caught.traceback[-1].path) == __file__


def test_every_function_names_an_unknown_argument():
    network = Classifier()
    objects = {pcxx.Network: network, pcxx.Phase: network.phase("start")}
    checked = 0
    for name, value in vars(pcxx).items():
        if type(value).__name__ == "nb_func" and not name.startswith("_"):
            with pytest.raises(pcxx.DTypeError, match=rf"\[{name}\] unknown argument 'no_such'; known: "):
                value(no_such=1)
            checked += 1
        if inspect.isclass(value) and value in objects:
            for method, function in vars(value).items():
                if type(function).__name__ == "nb_method" and not method.startswith("_"):
                    with pytest.raises(pcxx.DTypeError, match=rf"\[{method}\] unknown argument 'no_such'"):
                        getattr(objects[value], method)(no_such=1)
                    checked += 1
    assert checked > 100


def test_documentation_shows_each_function_once():
    lines = inspect.getdoc(pcxx.linear).splitlines()
    assert [line.split("(")[0] for line in lines[:2]] == ["linear", "linear"] and lines[2] == ""
    assert sum("W x + b" in line for line in lines) == 1


def test_conversions_go_on_working():
    network = Classifier()
    network.phase("start").follow("hi*", pcxx.to_zero())  # a pattern for a selection
    assert pcxx.linear(network.point, np.int64(3)).shape == (3,)  # an index of NumPy
    assert pcxx.Optimiser is type(pcxx.sgd(1))  # an int for a float


def test_tensors_meet_numbers_of_numpy_but_no_arrays():
    x = node()
    assert (np.float32(2) * x).shape == (x * np.float64(2)).shape == (3,)
    assert (np.float32(2) < x).dtype is pcxx.DType.boolean
    for operation in (lambda: np.ones(3) + x, lambda: x + np.ones(3), lambda: np.ones((2, 3)) @ x):
        with pytest.raises(pcxx.DTypeError, match=r"an array and the numbers of a traced tensor; .* as data of a node"):
            operation()
    with pytest.raises(pcxx.DTypeError, match=r"numpy.sin of a traced tensor; .* functions of pcxx"):
        np.sin(x)


def test_a_classifier_takes_one_width():
    points, labels = moons()
    assert pcxx.PCClassifier(hidden=16, epochs=1).fit(points, labels.argmax(axis=1)).network_.node_named("hidden1").shape == (16,)
