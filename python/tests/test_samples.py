"""Text, files of pictures, and what Python does to samples and parameters: transforms and initialisers of one's own."""

import threading

import numpy as np
import pytest

import pcxx
from networks import Classifier, run_alone


def pictures(transforms, samples=12):
    inputs = np.arange(samples * 4, dtype=np.float32).reshape(samples, 1, 2, 2)
    return pcxx.Dataset(inputs, labels=np.zeros(samples, np.int32), classes=1, transforms=transforms), inputs


def batches(data, **options):
    return np.concatenate([batch.inputs for batch in pcxx.Loader(data, batch=5, shuffle=False, **options).epoch(0)])


def test_a_transform_of_ones_own_is_applied_to_each_sample():
    mirrored = pcxx.SampleTransform("mirror", lambda sample, random: sample[:, :, ::-1])
    data, inputs = pictures([mirrored])
    np.testing.assert_array_equal(batches(data), inputs[:, :, :, ::-1])
    rows = pcxx.SampleTransform("first", lambda sample, random: sample[0, 0], shape=lambda shape: shape[-1:])
    data, inputs = pictures([mirrored, rows, pcxx.normalise([1.0], [2.0])])
    assert data.input_shape == (2,)
    np.testing.assert_array_equal(batches(data), (inputs[:, 0, 0, ::-1] - 1) / 2)


def test_draws_of_a_transform_depend_on_seed_epoch_and_sample_alone():
    noise = pcxx.SampleTransform("noise", lambda sample, random: sample + random.normal(size=sample.shape).astype(np.float32))
    data, inputs = pictures([noise], samples=40)
    expected = batches(data, seed=1)
    for prefetch, threads in ((2, 1), (4, 3)):
        np.testing.assert_array_equal(batches(data, seed=1, prefetch=prefetch, threads=threads), expected)
    assert (batches(data, seed=2) != expected).all() and abs((expected - inputs).mean()) < 0.5


@pytest.mark.parametrize("apply, shape, error, message", [
    (lambda sample, random: 1 / 0, None, ZeroDivisionError, "division"),
    (lambda sample, random: sample.astype(np.float64), None, pcxx.DTypeError, r"\[transform\] 'mine' returned f64; expected float32"),
    (lambda sample, random: None, None, pcxx.DTypeError, "what transform 'mine' returned' are a 'NoneType'"),
    (lambda sample, random: sample[0], None, pcxx.ShapeError, r"'mine' returned \(2, 2\); expected \(1, 2, 2\)"),
])
@pytest.mark.parametrize("threads", [0, 2])
def test_what_a_transform_does_wrong_is_named(apply, shape, error, message, threads):
    data, _ = pictures([pcxx.SampleTransform("mine", apply, shape)])
    with pytest.raises(error, match=message):
        batches(data, prefetch=threads, threads=max(threads, 1))


def test_what_a_shape_does_wrong_is_named():
    def shaped(shape):
        return pictures([pcxx.SampleTransform("mine", lambda sample, random: sample, shape)])

    with pytest.raises(pcxx.DTypeError, match="the shape of transform 'mine' returned a 'str'; expected a shape"):
        shaped(lambda shape: "square")
    with pytest.raises(LookupError):
        shaped(lambda shape: {}["none"])
    with pytest.raises(pcxx.DTypeError, match="argument 'apply' is 3"):
        pcxx.SampleTransform("mine", 3)


def test_epochs_end_while_their_threads_wait_for_python():
    outcome = run_alone("""
import time
import numpy as np
import pcxx
slow = pcxx.SampleTransform("slow", lambda sample, random: (time.sleep(0.001), sample)[1])
data = pcxx.Dataset(np.zeros((500, 2), np.float32), targets=np.zeros((500, 1), np.float32), transforms=[slow])
loader = pcxx.Loader(data, batch=5, prefetch=4, threads=3)
for number in range(20):
    next(loader.epoch(number))
epoch = loader.epoch(0)  # and one that is left at the end
next(epoch)
print("ended")
""")
    assert outcome.returncode == 0 and outcome.stdout == "ended\n" and outcome.stderr == "", outcome.stderr


def test_an_initialiser_of_ones_own_fills_parameters():
    calls = []

    def fill(shape, fans, random):
        calls.append((shape, fans))
        return random.uniform(-1, 1, shape) / np.sqrt(fans[0])

    def made(seed):
        network = pcxx.Network()
        x = network.node("x", 4)
        network.node("y", 3, pcxx.linear(x, 3, weight=pcxx.Initialiser("mine", fill)))
        return network.initialise(seed)

    weight = made(0)["y.weight"]
    assert calls == [((3, 4), (4, 3))] and weight.dtype == np.float32 and (abs(weight) <= 0.5).all()
    np.testing.assert_array_equal(made(0)["y.weight"], weight)
    assert (made(1)["y.weight"] != weight).all()


@pytest.mark.parametrize("fill, error, message", [
    (lambda *_: 1 / 0, ZeroDivisionError, "division"),
    (lambda shape, *_: np.zeros(3), pcxx.ShapeError, r"\[initialiser\] 'mine' returned \(3\); expected \(2\)"),
    (lambda *_: "zeros", pcxx.DTypeError, "what initialiser 'mine' returned' are a 'str'"),
    (lambda shape: np.zeros(shape), TypeError, "positional argument"),
])
def test_what_an_initialiser_does_wrong_is_named(fill, error, message):
    network = pcxx.Network()
    network.parameter("w", 2, pcxx.Initialiser("mine", fill))
    with pytest.raises(error, match=message):
        network.initialise()
    with pytest.raises(error, match=message):
        pcxx.Trainer(network, pcxx.PredictiveCoding())


def test_text_becomes_windows(tmp_path):
    (tmp_path / "a.txt").write_text("aäb" * 30, encoding="utf-8")
    text = pcxx.read_text(tmp_path / "a.txt")
    letters = pcxx.Vocabulary.characters(text)
    numbers = letters.encode(text)
    assert len(letters) == 3 and numbers.dtype == np.int32 and letters.decode(numbers) == text and letters.piece(2) == "ä"
    data = pcxx.text_windows(numbers, len(letters), length=4, stride=2)
    batch = next(pcxx.Loader(data, batch=8, shuffle=False).epoch(0))
    assert batch.inputs.dtype == np.int32
    np.testing.assert_array_equal(batch.inputs[1], numbers[2:6])
    np.testing.assert_array_equal(batch.labels[:2], numbers[[4, 6]])
    words = pcxx.Vocabulary.words("to be or not to be", most=2)
    assert words.decode(words.encode("to be seen")) == "to be <unknown>"
    assert len(pcxx.Vocabulary.bytes()) == 256 and pcxx.Vocabulary.bytes().piece(0xE4) == "\udce4"


def test_wrong_text_is_named(tmp_path):
    letters = pcxx.Vocabulary.characters("abc")
    with pytest.raises(pcxx.ArgumentError, match="d"):
        letters.encode("abcd")
    with pytest.raises(pcxx.ArgumentError):
        pcxx.text_windows(letters.encode("ab"), 3, length=4)
    with pytest.raises(pcxx.DTypeError, match=r"\[decode\] the numbers are f64 \(2\); expected int32"):
        letters.decode(np.zeros(2))
    with pytest.raises(IndexError):
        letters.piece(3)
    with pytest.raises(pcxx.FileError):
        pcxx.read_text(tmp_path / "none")


def test_pictures_that_cannot_be_read_are_named_or_left_out(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    Image.new("RGB", (8, 8), (255, 0, 0)).save(tmp_path / "red.jpg")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    files = [tmp_path / "red.jpg", tmp_path / "broken.jpg"]
    data = pcxx.picture_files(files, np.array([0, 1], np.int32), 2, height=8, width=8)
    with pytest.raises(pcxx.FileError, match="broken.jpg"):
        list(pcxx.Loader(data, shuffle=False).epoch(0))
    left = pcxx.skip_unreadable(data)
    assert len(left) == 1 and len(data) == 2 and "broken.jpg" in left.skipped[0]
    (batch,) = pcxx.Loader(left).epoch(0)
    assert batch.inputs.shape == (1, 3, 8, 8) and batch.inputs[0, 0].mean() > 0.95 > batch.inputs[0, 1].mean()


def test_averages_are_predicted_with():
    points = np.array(pcxx.two_moons(samples=64).inputs)
    labels = pcxx.two_moons(samples=64).one_hot()
    network = Classifier()
    rule = pcxx.PredictiveCoding(weights=pcxx.averaged(pcxx.sgd(0.5), 0.9))
    plain, average = pcxx.Trainer(network, rule), pcxx.Trainer(network, rule, averages=True)
    for _ in range(5):
        for trainer in (plain, average):
            trainer.step({network.point: points, network.label: labels})
    one, other = (trainer.predict(network.label, {network.point: points}) for trainer in (plain, average))
    assert not np.allclose(one, other)


def test_transforms_run_in_eight_threads_at_once():
    scale = pcxx.SampleTransform("twice", lambda sample, random: 2 * sample)
    data, inputs = pictures([scale], samples=64)
    results = [None] * 8

    def gather(i):
        results[i] = batches(data, prefetch=2, threads=2)

    threads = [threading.Thread(target=gather, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, 2 * inputs)
