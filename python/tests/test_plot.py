"""Pictures: that they show the numbers measured, where they are asked to, and refuse what cannot be drawn."""

import pathlib

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons, run_alone

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@pytest.fixture(autouse=True)
def no_figures_left():
    pyplot.close("all")
    yield
    pyplot.close("all")


@pytest.fixture(name="trained", scope="module")
def fixture_trained():
    network = Classifier(8)
    points, labels = moons(128)
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(steps=6, values=pcxx.sgd(0.05)), threads=1)
    batch = {network.point: points, network.label: labels}
    return trainer, batch, [trainer.step(batch) for _ in range(20)]


def own_axes():
    """Axes that pyplot knows nothing of."""
    return Figure().subplots()


def lines_of(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines if not line.get_label().startswith("_")}


PICTURES = {
    "energies": lambda t, b, r, **to: pcxx.plot.energies(t, b, **to),
    "convergence": lambda t, b, r, **to: pcxx.plot.convergence(t, b, **to),
    "training": lambda t, b, r, **to: pcxx.plot.training(r, **to),
    "gradient_norms": lambda t, b, r, **to: pcxx.plot.gradient_norms(t, b, **to),
    "cosines": lambda t, b, r, **to: pcxx.plot.cosines(t, b, **to),
    "decision_regions": lambda t, b, r, **to: pcxx.plot.decision_regions(
        t, *b.values(), inputs=t.network.point, outputs=t.network.label, resolution=20, **to),
    "confusion": lambda t, b, r, **to: pcxx.plot.confusion([0, 1, 1], [0, 1, 0], **to),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_where_it_is_asked_for(trained, name):
    ax = own_axes()
    settings, numbers = dict(matplotlib.rcParams), pyplot.get_fignums()
    assert PICTURES[name](*trained, ax=ax) is ax and ax.has_data() and ax.get_xlabel() and ax.get_ylabel()
    assert pyplot.get_fignums() == numbers == []
    made = PICTURES[name](*trained)
    assert isinstance(made, Axes) and pyplot.get_fignums() == [1] and pyplot.figure(1) is made.figure
    assert dict(matplotlib.rcParams) == settings
    made.figure.canvas.draw()
    ax.figure.canvas.draw()
    with pytest.raises(pcxx.DTypeError, match=rf"\[{name}\] ax is a 'str'; expected axes of matplotlib"):
        PICTURES[name](*trained, ax="here")


def test_nothing_that_is_looked_at_changes(trained):
    trainer, batch, reports = trained
    before = trainer.state.arrays()
    for picture in PICTURES.values():
        picture(trainer, batch, reports, ax=own_axes())
    for name, array in trainer.state.arrays().items():
        np.testing.assert_array_equal(array, before[name])
    assert trainer.steps == 20


def test_energies_are_those_measured(trained):
    trainer, batch, _ = trained
    measured = pcxx.measure.relaxation(trainer, batch)
    for picture, numbers, total in ((pcxx.plot.energies, measured.energies, measured.total),
                                    (pcxx.plot.convergence, measured.gradients, measured.gradient)):
        drawn = lines_of(picture(measured))
        assert drawn.keys() == {*numbers, "total"}
        for name, values in {**numbers, "total": total}.items():
            np.testing.assert_array_equal(drawn[name], values)
        assert list(lines_of(picture(trainer, batch, nodes=["low"]))) == ["low"]
        assert picture(measured).get_yscale() == "log" and picture(measured, log=False).get_yscale() == "linear"
    colours = [{line.get_label(): line.get_color() for line in ax.lines} for ax in (pcxx.plot.energies(measured), pcxx.plot.convergence(measured))]
    assert colours[0]["low"] == colours[1]["low"] != colours[0]["high"]
    with pytest.raises(pcxx.NameError, match=r"\[energies\] 'lo' is unknown; known: low, high, label"):
        pcxx.plot.energies(measured, nodes=["lo"])
    with pytest.raises(pcxx.ArgumentError, match="no batch"):
        pcxx.plot.energies(trainer)
    with pytest.raises(pcxx.ArgumentError, match="measured already"):
        pcxx.plot.convergence(measured, batch)


def test_negative_energies_have_a_plain_axis():
    steps, energy = np.arange(3), np.array([1.0, 0.1, -2.0])
    assert pcxx.plot.energies(pcxx.measure.Relaxation(steps, {"a": energy}, {})).get_yscale() == "linear"
    silent = pcxx.measure.Relaxation(steps, {"a": np.zeros(3)}, {})
    assert pcxx.plot.energies(silent).get_yscale() == "linear" and silent.remaining == 0
    assert pcxx.plot.convergence(silent, log=True).get_yscale() == "linear"  # nothing is positive


def test_twenty_nodes_have_twenty_looks():
    numbers = {f"node{i}": np.linspace(1, 2 + i, 5) for i in range(20)}
    ax = pcxx.plot.energies(pcxx.measure.Relaxation(np.arange(5), numbers, {}))
    looks = {(line.get_color(), line.get_linestyle()) for line in ax.lines}
    assert len(looks) == 21 and len(ax.get_legend().get_texts()) == 21


def test_training_smooths_as_it_says(trained):
    _, _, reports = trained
    energy = np.array([report.energy for report in reports])
    np.testing.assert_array_equal(lines_of(pcxx.plot.training(reports))["total"], energy)
    expected = [np.average(energy[:i + 1], weights=0.7 ** np.arange(i, -1, -1)) for i in range(len(energy))]
    ax = pcxx.plot.training(reports, smooth=0.7)
    np.testing.assert_allclose(lines_of(ax)["total"], expected)
    faint = [line for line in ax.lines if line.get_label().startswith("_")]
    assert len(faint) == 4 and any(np.array_equal(line.get_ydata(), energy) for line in faint)
    for smooth in (-0.1, 1):
        with pytest.raises(pcxx.ArgumentError, match="expected 0 or more and less than 1"):
            pcxx.plot.training(reports, smooth=smooth)


def test_gradients_are_those_measured(trained):
    trainer, batch, _ = trained
    measured = pcxx.measure.weight_gradients(trainer, batch)
    heights = [bar.get_height() for bar in pcxx.plot.gradient_norms(measured).patches]
    np.testing.assert_allclose(heights, [*measured.taught.values(), *measured.backpropagation.values()])
    over_steps = lines_of(pcxx.plot.gradient_norms(measured, over="steps"))
    cosines = lines_of(pcxx.plot.cosines(measured))
    for layer in measured.taught:
        np.testing.assert_array_equal(over_steps[layer], measured.norm_over_steps[layer])
        np.testing.assert_array_equal(cosines[layer], measured.cosine_over_steps[layer])
    ax = pcxx.plot.cosines(measured, over="layers")
    np.testing.assert_allclose([bar.get_height() for bar in ax.patches], list(measured.cosine.values()))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["low", "high", "label"]
    later = lines_of(pcxx.plot.gradient_norms([measured, measured], steps=[5, 9], layers=["high"]))
    np.testing.assert_array_equal(later["high"], 2 * [measured.taught["high"]])
    assert pcxx.plot.cosines(trainer, batch, rule=pcxx.ZeroDivergence()).patches  # no steps, so bars
    for wrong, message in ((dict(over="steps", rule=pcxx.ZeroDivergence()), "no loop"), (dict(over="time"), "expected 'layers'"),
                           (dict(layers=["lo"]), "'lo' is unknown")):
        with pytest.raises(pcxx.ArgumentError, match=message):
            pcxx.plot.gradient_norms(trainer, batch, **wrong)
    with pytest.raises(pcxx.ShapeError, match="one for each measurement"):
        pcxx.plot.cosines([measured], steps=[1, 2])
    with pytest.raises(pcxx.DTypeError, match="expected a Trainer"):
        pcxx.plot.cosines([])


def test_regions_are_what_the_classifier_says():
    ax = pcxx.plot.decision_regions(lambda points: (points[:, 0] > 0.5).astype(int), bounds=(0, 1, -1, 1), resolution=8)
    shown = ax.images[0].get_array()
    np.testing.assert_array_equal(shown, np.tile([0] * 4 + [1] * 4, (8, 1)))
    assert ax.get_xlim() == (0, 1) and ax.get_ylim() == (-1, 1)
    logits = pcxx.plot.decision_regions(lambda points: np.stack([points[:, 1], -points[:, 1]], axis=1), bounds=(0, 1, -1, 1), resolution=8)
    np.testing.assert_array_equal(logits.images[0].get_array(), np.repeat([1, 0], 4)[:, None] * np.ones((1, 8)))


def test_regions_of_a_trainer_and_of_an_estimator(trained):
    trainer, batch, _ = trained
    points, labels = batch.values()
    network = trainer.network
    ax = pcxx.plot.decision_regions(trainer, points, labels, inputs=network.point, outputs=network.label, resolution=70)
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    assert left < points[:, 0].min() and right > points[:, 0].max() and bottom < points[:, 1].min() and top > points[:, 1].max()
    x, y = (begin + (end - begin) * (np.arange(70) + 0.5) / 70 for begin, end in ((left, right), (bottom, top)))
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)
    expected = trainer.predict(network.label, {network.point: grid}).argmax(axis=1).reshape(70, 70)
    np.testing.assert_array_equal(ax.images[0].get_array(), expected)
    own = [collection.get_offsets() for collection in ax.collections]
    np.testing.assert_allclose(own[1], points[labels.argmax(axis=1) == 1])
    names = np.where(labels.argmax(axis=1) == 1, "upper", "lower")
    estimator = pcxx.PCClassifier(hidden=(4,), epochs=1).fit(points, names)
    ax = pcxx.plot.decision_regions(estimator, points, names, resolution=10)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["lower", "upper"]


@pytest.mark.parametrize("arguments, options, error, message", [
    ((lambda p: p[:, 0],), {}, pcxx.ArgumentError, "neither points nor bounds"),
    ((lambda p: p[:, 0], np.zeros((3, 3))), {}, pcxx.ShapeError, r"points are \(3, 3\)"),
    ((lambda p: p[:, 0], np.zeros((3, 2)), [0, 1]), {}, pcxx.ShapeError, "a label for each"),
    ((lambda p: p[:1, 0], np.zeros((3, 2))), {}, pcxx.ShapeError, "the classifier made"),
    ((3, np.zeros((3, 2))), {}, pcxx.DTypeError, "the classifier is a 'int'"),
    ((lambda p: p[:, 0] > 0, np.zeros((3, 2))), {"names": ["a"]}, pcxx.ArgumentError, "1 names for 2 classes"),
    ((lambda p: p[:, 0],), {"bounds": (1, 0, 0, 1)}, pcxx.ArgumentError, "left < right"),
])
def test_regions_that_cannot_be_drawn(arguments, options, error, message):
    with pytest.raises(error, match=message):
        pcxx.plot.decision_regions(*arguments, **options)
    assert pyplot.get_fignums() == []


def test_regions_of_a_trainer_need_nodes(trained):
    with pytest.raises(pcxx.ArgumentError, match="a Trainer without nodes"):
        pcxx.plot.decision_regions(trained[0], [[0, 1]])


def test_reconstructions_of_any_layout():
    grey = np.random.default_rng(0).random((5, 4, 6))
    colour = np.random.default_rng(1).random((5, 3, 4, 6))
    for pictures, options in ((grey, {}), (grey[:, None], {}), (grey.reshape(5, 24), {"shape": (4, 6)}), (grey.reshape(5, 24), {"shape": (1, 4, 6)})):
        axes = pcxx.plot.reconstructions(pictures, 0.5 * pictures, count=3, **options)
        assert axes.shape == (2, 3) and [row[0].get_ylabel() for row in axes] == ["original", "decoded"]
        np.testing.assert_array_equal(axes[1, 2].images[0].get_array(), 0.5 * grey[2])
        assert axes[1, 2].images[0].get_clim() == (grey[:3].min(), grey[:3].max())
    axes = pcxx.plot.reconstructions(colour, names=["mine"], bounds=(0, 1))
    assert axes.shape == (1, 5)
    np.testing.assert_array_equal(axes[0, 4].images[0].get_array(), np.moveaxis(colour[4], 0, -1))
    own = Figure().subplots(1, 5, squeeze=False)
    assert pcxx.plot.reconstructions(grey, axes=own)[0, 0] is own[0, 0]


@pytest.mark.parametrize("arguments, options, error, message", [
    ((np.zeros((2, 5)),), {}, pcxx.ShapeError, r"originals are \(2, 5\)"),
    ((np.zeros((2, 5)),), {"shape": (2, 3)}, pcxx.ShapeError, r"expected \(samples, 6\)"),
    ((np.zeros((2, 4, 4)), np.zeros((3, 4, 4))), {}, pcxx.ShapeError, "as many, of one shape"),
    ((np.zeros((2, 2, 4, 4)),), {}, pcxx.ShapeError, "one or three channels"),
    ((np.zeros((0, 4, 4)),), {}, pcxx.ArgumentError, "one or more"),
    ((np.zeros((2, 4, 4)),), {"names": ["a", "b"]}, pcxx.ArgumentError, "2 names for 1 rows"),
    ((np.zeros((2, 4, 4)),), {"bounds": (1, 0)}, pcxx.ArgumentError, "the number of black"),
    ((np.zeros((2, 4, 4)),), {"axes": np.zeros(3)}, pcxx.ArgumentError, r"expected \(1, 2\) axes"),
])
def test_reconstructions_that_cannot_be_drawn(arguments, options, error, message):
    with pytest.raises(error, match=message):
        pcxx.plot.reconstructions(*arguments, **options)


def test_confusion_matrices():
    labels, predictions = [0, 0, 1, 2], [0, 1, 1, 0]
    ax = pcxx.plot.confusion(labels, predictions)
    matrix = pcxx.measure.confusion(labels, predictions)
    np.testing.assert_array_equal(ax.images[0].get_array(), matrix)
    np.testing.assert_array_equal(pcxx.plot.confusion(matrix).images[0].get_array(), matrix)
    assert "50.0 %" in ax.get_title() and [text.get_text() for text in ax.texts][:3] == ["1", "1", "·"]
    parts = pcxx.plot.confusion(labels, predictions, parts=True, classes=4, names=list("abcd"))
    np.testing.assert_array_equal(parts.images[0].get_array()[:2], [[50, 50, 0, 0], [0, 100, 0, 0]])
    assert [text.get_text() for text in parts.get_xticklabels()] == list("abcd")
    many = pcxx.plot.confusion(np.arange(40), np.arange(40))
    assert not many.texts and len(many.figure.axes) == 2  # a scale beside it
    with pytest.raises(pcxx.ShapeError, match=r"expected \(classes, classes\) counts"):
        pcxx.plot.confusion(np.zeros((2, 3)))
    with pytest.raises(pcxx.ArgumentError, match="1 names for 3 classes"):
        pcxx.plot.confusion(matrix, names=["a"])


def test_matplotlib_is_imported_on_first_use_only():
    code = "import sys, pcxx; assert 'matplotlib' not in sys.modules; pcxx.plot.energies; assert 'matplotlib' in sys.modules; " \
           "assert 'matplotlib.pyplot' not in sys.modules"
    outcome = run_alone(code)
    assert outcome.returncode == 0, outcome.stderr


def test_without_matplotlib_one_error_names_it():
    code = "import sys; sys.modules['matplotlib'] = None; import pcxx\n" \
           "try:\n    pcxx.plot\nexcept pcxx.PackageError as error:\n    print(isinstance(error, ImportError), error)"
    outcome = run_alone(code)
    assert outcome.stdout.startswith("True [plot] matplotlib is not installed; expected it for pictures: pip install pcxx[plot]"), outcome.stderr


def test_every_picture_is_documented():
    for name, function in vars(pcxx.plot).items():
        if callable(function) and name != "dot":
            assert "returns the axes" in " ".join((function.__doc__ or "").split()), name
    assert pathlib.Path(pcxx.plot.__file__).parent.name == "plot"


def test_a_node_has_one_colour_in_all_pictures():
    network = Classifier()
    points, labels = moons()
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(values=pcxx.sgd(0.01)))
    batch = {network.point: points, network.label: labels}
    reports = [trainer.step(batch) for _ in range(4)]
    pictures = [pcxx.plot.training(reports), pcxx.plot.training(reports, nodes=["high"]), pcxx.plot.energies(trainer, batch),
                pcxx.plot.convergence(trainer, batch), pcxx.plot.gradient_norms(trainer, batch, over="steps")]
    colours = [{line.get_color() for line in ax.get_lines() if line.get_label() == "high"} for ax in pictures]
    assert all(len(each) == 1 and each == colours[0] for each in colours)
