"""The network as a graph: what feeds what, its text, its picture."""

import re
import shutil

import pytest

import pcxx
from networks import Classifier, run_alone

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


class Skip(pcxx.Network):
    """A residual node, a skip around it, a prior, and a further term."""

    def __init__(self) -> None:
        super().__init__()
        self.x = self.node("x", 4)
        self.h = self.node("h", 4, self.x + pcxx.tanh(pcxx.linear(self.x, 4)))
        self.y = self.node("y", 2, pcxx.linear(self.h, 2, name="up") + pcxx.linear(self.x, 2, name="skip"))
        self.predict(self.x, self.parameter("prior", 4, pcxx.zeros()))
        self.energy_term(0.1 * pcxx.sum(pcxx.square(self.x - pcxx.linear(self.y, 4, name="back"))), "feedback")


class Shared(pcxx.Network):
    """One layer between three nodes."""

    def __init__(self) -> None:
        super().__init__()
        below: pcxx.Tensor = self.node("a", 4)
        layer = pcxx.shared(lambda x: pcxx.gelu(pcxx.linear(x, 4, name="common")))
        for name in "bc":
            below = self.node(name, 4, layer(below))


class Vgg(pcxx.Network):
    """Blocks of convolution, normalisation, activation and pool, then a linear layer."""

    def __init__(self, blocks: int = 3) -> None:
        super().__init__()
        below: pcxx.Tensor = self.node("picture", (3, 16, 16))
        for i in range(blocks):
            size = 8 >> i
            block = pcxx.relu(pcxx.batch_norm(pcxx.conv2d(below, 8, 3, padding=1, name=f"conv{i + 1}"), name=f"norm{i + 1}"))
            below = self.node(f"block{i + 1}", (8, size, size), pcxx.max_pool2d(block, 2))
        self.node("label", 10, pcxx.linear(pcxx.flatten(below), 10), pcxx.categorical())


class Attention(pcxx.Network):
    """A sequence that attends to another."""

    def __init__(self) -> None:
        super().__init__()
        words, memory = self.node("words", (6, 8)), self.node("memory", (9, 8))
        self.node("read", (6, 8), pcxx.layer_norm(words + pcxx.multi_head_attention(words, memory, memory, 2, name="attention"), name="norm"))


class Deep(pcxx.Network):
    """A chain of twenty nodes."""

    def __init__(self) -> None:
        super().__init__()
        below: pcxx.Tensor = self.node("x", 8)
        for i in range(20):
            below = self.node(f"layer{i + 1}", 8, pcxx.tanh(pcxx.linear(below, 8)))


NETWORKS = {"chain": Classifier, "skip": Skip, "shared": Shared, "vgg": Vgg, "attention": Attention, "deep": Deep}


def edges(text):
    """Returns {(from, to): label} of a graph."""
    found = re.findall(r'^  "([^"]*)" -> "([^"]*)"(?: \[label="([^"]*)")?', text, flags=re.MULTILINE)
    return {(begin, end): label for begin, end, label in found}


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    pyplot.close("all")


def test_connections_say_what_lies_between():
    found = {(each.origin.name if each.origin is not None else None, each.to): each for each in pcxx.connections(Skip())}
    assert {key: [parameter.name for parameter in each.parameters] for key, each in found.items()} == {
        (None, "x"): ["prior"], ("x", "h"): ["h.weight", "h.bias"], ("h", "y"): ["up.weight", "up.bias"],
        ("x", "y"): ["skip.weight", "skip.bias"], ("x", "feedback"): [], ("y", "feedback"): ["back.weight", "back.bias"]}
    assert found["y", "feedback"].to_term and not found["h", "y"].to_term
    assert "tanh" in found["x", "h"].operations and "tanh" not in found["h", "y"].operations
    network = Classifier()
    assert [pcxx.energy_name(node) for node in network.nodes()] == ["", "categorical", "squared_error", "squared_error"]


def test_the_text_of_a_chain():
    text = pcxx.plot.dot(Classifier())
    assert text.startswith("digraph network {") and text.endswith("}\n") and "rankdir=TB" in text
    assert edges(text) == {("point", "low"): r"linear, leaky relu\nlow.weight 32 × 2", ("low", "high"): r"linear, leaky relu\nhigh.weight 32 × 32",
                           ("high", "label"): r"linear\nlabel.weight 2 × 32"}
    assert r'"label" [label="label\n2\ncategorical"' in text and r'"point" [label="point\n2"' in text
    assert edges(pcxx.plot.dot(Classifier(), parameters=False))["low", "high"] == "linear, leaky relu"
    assert "rankdir=LR" in pcxx.plot.dot(Classifier(), direction="right")


def test_skips_priors_and_terms_are_seen():
    text = pcxx.plot.dot(Skip())
    assert edges(text).keys() == {("x", "h"), ("h", "y"), ("x", "y"), ("parameters of x", "x"), ("x", "term feedback"), ("y", "term feedback")}
    assert r'"term feedback" [label="feedback\nenergy term"' in text and text.count("energy term") == 1 and '"prior 4"' in text


def test_shared_parameters_are_marked():
    text = pcxx.plot.dot(Shared())
    assert edges(text) == {("a", "b"): r"linear, gelu\ncommon.weight 4 × 4 (shared)", ("b", "c"): r"linear, gelu\ncommon.weight 4 × 4 (shared)"}
    assert len(set(re.findall(r'-> .*color="(#\w+)"', text))) == 1
    for other in (Classifier, Attention, Vgg):
        assert "shared" not in pcxx.plot.dot(other()) and not re.search("-> .*color", pcxx.plot.dot(other()))


def test_layers_have_their_names():
    assert edges(pcxx.plot.dot(Vgg()))["picture", "block1"].startswith(r"conv, relu, max pool\nconv1.weight 8 × 3 × 3 × 3\nnorm1.weight 8")
    attention = edges(pcxx.plot.dot(Attention()))
    assert "attention.query.weight" in attention["words", "read"] and "attention.key.weight" not in attention["words", "read"]
    assert "softmax" in attention["memory", "read"] and "attention.value.weight" in attention["memory", "read"]


def test_names_are_quoted():
    network = pcxx.Network()
    network.node('a "b" \\ c', 2)
    assert r'"a \"b\" \\ c"' in pcxx.plot.dot(network)


@needs_graphviz
@pytest.mark.parametrize("name", NETWORKS)
def test_a_graph_is_drawn(name):
    network = NETWORKS[name]()
    ax = Figure(figsize=(6, 6)).subplots()
    assert pcxx.plot.network(network, ax=ax) is ax and pyplot.get_fignums() == []
    texts = " ".join(text.get_text() for text in ax.texts)
    assert all(node.name in texts for node in network.nodes())
    ax.figure.canvas.draw()
    made = pcxx.plot.network(network, direction="right")
    assert pyplot.get_fignums() == [1] and max(made.figure.get_size_inches()) < 16.01
    network.node("still_open", 2)  # a picture does not compile


@needs_graphviz
@pytest.mark.parametrize("name", NETWORKS)
def test_words_fit_their_boxes(name):
    ax = pcxx.plot.network(NETWORKS[name]())
    ax.figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in ax.patches if type(patch).__name__ == "FancyBboxPatch"]
    for text in ax.texts:
        extent = text.get_window_extent()
        centre = (extent.x0 + extent.x1) / 2, (extent.y0 + extent.y1) / 2
        for box in boxes:
            if box.contains(*centre):
                assert box.x0 <= extent.x0 and extent.x1 <= box.x1, text.get_text()


@needs_graphviz
def test_a_name_with_quotes_is_drawn():
    network = pcxx.Network()
    network.node('a "b" \\n c', 2)
    assert 'a "b" \\n c' in [text.get_text() for text in pcxx.plot.network(network).texts]


def test_what_cannot_be_drawn():
    with pytest.raises(pcxx.ArgumentError, match="expected one of 'down', 'up', 'right', 'left'"):
        pcxx.plot.network(Classifier(), direction="sideways")
    with pytest.raises(pcxx.ArgumentError, match="the network has no nodes"):
        pcxx.plot.dot(pcxx.Network())
    assert pyplot.get_fignums() == []


def test_without_graphviz_the_error_names_it():
    code = "import pcxx; from networks import Classifier\n" \
           "try:\n    pcxx.plot.network(Classifier())\nexcept pcxx.DeviceError as error:\n    print(error)"
    outcome = run_alone(code, PATH="/nowhere")
    assert outcome.stdout.startswith("[network] Graphviz's program 'dot' is not there; expected it for the layout: install"), outcome.stderr
