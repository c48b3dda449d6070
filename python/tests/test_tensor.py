"""Traced tensors: operators and operations against NumPy, and what a tensor cannot do."""

import numpy as np
import pytest

import pcxx
from networks import evaluate

RANDOM = np.random.default_rng(7)


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    return [RANDOM.uniform(0.2, 2, (5, *shape)) for shape in shapes]


@pytest.mark.parametrize("function", [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, lambda a, b: a ** b,
    lambda a, b: 2 + a * 3 - b / 2, lambda a, b: 1 - a, lambda a, b: 1 / a, lambda a, b: 2 ** a, lambda a, b: -a,
    lambda a, b: abs(a - b), lambda a, b: np.float32(0.5) * a, lambda a, b: a * np.float64(0.25) + np.int64(3),
])
def test_operators_are_numpys(function):
    a, b = arrays((3, 4), (4,))
    expected = np.broadcast_to(function(a, b[:, None, :]), a.shape)
    np.testing.assert_allclose(evaluate(function, a, b), expected, rtol=1e-12)


@pytest.mark.parametrize("function", [
    lambda a, b: a < b, lambda a, b: a <= b, lambda a, b: a > b, lambda a, b: a >= b, lambda a, b: a == b, lambda a, b: a != b,
    lambda a, b: ~(a < b), lambda a, b: (a < b) & (b < 1), lambda a, b: (a < b) | (b < 1), lambda a, b: a == 1.0,
])
def test_comparisons_are_traced(function):
    a, b = (np.round(x * 2) / 2 for x in arrays((6,), (6,)))
    result = evaluate(lambda x, y: pcxx.select(function(1 * x, 1 * y), 1.0, 0.0), a, b)
    np.testing.assert_array_equal(result, function(a, b).astype(float))


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sin", "cos", "tanh", "square", "abs", "floor", "sign"])
def test_functions_are_numpys(name):
    (a,) = arrays((3, 2))
    np.testing.assert_allclose(evaluate(getattr(pcxx, name), a), getattr(np, name)(a), rtol=1e-12)


@pytest.mark.parametrize("name, axes", [(n, a) for n in ("sum", "mean", "max") for a in (None, 0, -1, [0, 2])])
def test_reductions_are_numpys(name, axes):
    (a,) = arrays((3, 4, 2))
    where = (1, 2, 3) if axes is None else tuple(x + 1 if x >= 0 else x for x in np.atleast_1d(axes))
    np.testing.assert_allclose(evaluate(lambda x: getattr(pcxx, name)(x, axes), a), getattr(a, name)(axis=where), rtol=1e-12)


@pytest.mark.parametrize("key", [0, -1, slice(1, 3), slice(None), (0, 1), (slice(None), -1), (..., 0), (1, ...), (slice(0, 2), ..., slice(1))])
def test_items_are_numpys(key):
    (a,) = arrays((3, 4))
    both = (slice(None), *(key if isinstance(key, tuple) else (key,)))
    np.testing.assert_array_equal(evaluate(lambda x: x[key], a), a[both])


def test_products_and_structure_are_numpys():
    a, b = arrays((3, 4), (4, 2))
    np.testing.assert_allclose(evaluate(lambda x, y: x @ y, a, b), a @ b, rtol=1e-12)
    np.testing.assert_array_equal(evaluate(lambda x: pcxx.transpose(x, [1, 0]), a), a.transpose(0, 2, 1))
    np.testing.assert_array_equal(evaluate(lambda x: pcxx.reshape(x, (2, 6)), a), a.reshape(5, 2, 6))
    np.testing.assert_array_equal(evaluate(lambda x: pcxx.concat([x, x], 0), a), np.concatenate([a, a], 1))


def test_gradient_is_finite_differences():
    (a,) = arrays((4,))

    def function(x):
        return pcxx.sum(pcxx.gelu(x) * pcxx.softmax(x))

    got = evaluate(lambda x: pcxx.gradient(function(x), [x])[0], a)
    step = 1e-6
    for i in range(4):
        up, down = a.copy(), a.copy()
        up[:, i] += step
        down[:, i] -= step
        np.testing.assert_allclose(got[:, i], (evaluate(function, up) - evaluate(function, down)) / (2 * step), rtol=1e-6, atol=1e-8)


def test_shape_dtype_span_are_told():
    network = pcxx.Network()
    x, index = network.node("x", (3, 2)), network.node("index", (), dtype=pcxx.DType.index)
    assert (x.shape, x.dtype, x.span) == ((3, 2), pcxx.DType.real, pcxx.Span.per_sample)
    assert index.dtype is pcxx.DType.index and (x < 1).dtype is pcxx.DType.boolean
    weight = network.parameter("w", 4, pcxx.zeros())
    assert weight.span is pcxx.Span.shared and (weight * 2).shape == (4,)
    assert repr(x) == "<node 'x' (3, 2)>" and repr(x * 2) == "<per_sample tensor (3, 2)>"


@pytest.mark.parametrize("misuse, message", [
    (lambda x: bool(x > 0), "select"), (lambda x: float(x), "flow.output"), (lambda x: int(x), "flow.output"),
    (lambda x: np.asarray(x), "functions of pcxx"), (lambda x: x[::2], "take"), (lambda x: x[x], "gather"),
])
def test_what_needs_numbers_is_an_error(misuse, message):
    network = pcxx.Network()
    x = network.node("x", 3)
    with pytest.raises(pcxx.ArgumentError, match=message):
        misuse(x)


def test_what_is_no_tensor_is_an_error():
    network = pcxx.Network()
    x = network.node("x", 3)
    for wrong in ("1", None, [1.0], True):
        with pytest.raises(TypeError, match="Tensor"):
            pcxx.maximum(x, wrong)
        with pytest.raises(TypeError):
            x + wrong


def test_shapes_and_networks_that_do_not_fit_are_errors():
    one, other = pcxx.Network(), pcxx.Network()
    x, y = one.node("x", 3), other.node("y", 3)
    with pytest.raises(pcxx.ShapeError, match=r"\(3\).*\(4\)"):
        x + one.node("z", 4)
    with pytest.raises(pcxx.ArgumentError, match="network"):
        x + y
    with pytest.raises(IndexError, match="index 3 of axis 0"):
        x[3]
    with pytest.raises(ValueError):  # the built-in class that a Python user expects
        pcxx.matmul(x, one.node("w", 2))


def test_errors_point_at_the_users_line():
    network = pcxx.Network()
    x = network.node("x", 3)
    with pytest.raises(pcxx.ShapeError) as caught:
        x @ network.node("w", 2)
    assert str(caught.traceback[-1].path) == __file__


def test_nodes_are_keys_and_compare_with_numbers():
    network = pcxx.Network()
    x, y = network.node("x", 3), network.node("y", 3)
    assert x == network.node_named("x") and x != y and {x: 1, y: 2}[network.nodes()[1]] == 2
    assert (x == 1.0).dtype is pcxx.DType.boolean and (x == y * 1).dtype is pcxx.DType.boolean
