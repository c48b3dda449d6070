"""Pictures of plans and profiles: that they show the numbers of the records, where they are asked to, and refuse what makes no sense."""

import numpy as np
import pytest

import pcxx
from networks import Classifier, moons

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


@pytest.fixture(name="profiles", scope="module")
def fixture_profiles():
    network = Classifier(64)
    points, labels = moons(400)
    batch = {network.point: points, network.label: labels}
    trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(steps=6, values=pcxx.sgd(0.02)), threads=2)
    return [trainer.profile(batch) for _ in range(3)]


PICTURES = {
    "timeline": lambda p, **to: pcxx.plot.timeline(p[0], **to),
    "costs": lambda p, **to: pcxx.plot.costs(p, **to),
    "costs by kind": lambda p, **to: pcxx.plot.costs(p, by="kind", **to),
    "work": lambda p, **to: pcxx.plot.work(p[0].plan, **to),
    "memory": lambda p, **to: pcxx.plot.memory(p[0].plan, **to),
    "memory of the batch": lambda p, **to: pcxx.plot.memory(p[0].plan, of="batch", **to),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_pictures_are_drawn_where_they_are_asked_to(profiles, draw):
    pyplot.close("all")
    ax = Figure().subplots()
    assert draw(profiles, ax=ax) is ax
    assert pyplot.get_fignums() == []
    own = draw(profiles)
    assert isinstance(own, Axes) and pyplot.get_fignums() == [own.figure.number]
    own.figure.canvas.draw()
    assert own.get_xlabel() and (own.has_data() or own.patches)
    pyplot.close("all")
    with pytest.raises(pcxx.DTypeError, match="ax is a 'int'"):
        draw(profiles, ax=1)


def bars_of(ax, kind):
    """Returns thread, start and end of the bars of a kind, in the axes' unit."""
    found = []
    for bars in ax.collections:
        if bars.get_label() == f"_{kind}":
            for path in bars.get_paths():
                (left, bottom), (right, top) = path.get_extents().get_points()
                found.append((round((bottom + top) / 2), left, right))
    return sorted(found)


def test_a_timeline_has_a_bar_for_every_record(profiles):
    profile = profiles[0]
    ax = pcxx.plot.timeline(profile)
    scale = {"time, us": 1e6, "time, ms": 1e3}[ax.get_xlabel()]
    drawn = 0
    for kind in {call.kind for call in profile.plan.calls}:
        own = [record for record in profile.records if profile.plan.calls[record.call].kind == kind]
        expected = sorted((record.thread, scale * record.start, scale * (record.start + record.seconds)) for record in own)
        assert np.allclose(bars_of(ax, kind), expected)
        drawn += len(own)
    assert drawn == len(profile.records)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [*(f"thread {thread}" for thread in range(profile.threads)), "stage"]
    assert ax.get_xlim() == (0, pytest.approx(scale * profile.seconds))


def test_costs_are_means_and_make_the_whole(profiles):
    for by in ("call", "kind"):
        ax = pcxx.plot.costs(profiles, by=by, most=5)
        scale = {"time of all threads, us": 1e6, "time of all threads, ms": 1e3}[ax.get_xlabel()]
        widths = [bar.get_width() / scale for bar in ax.patches]
        assert sum(widths) == pytest.approx(np.mean([profile.threads * profile.seconds for profile in profiles]))
        calls = np.mean([sum(cost.seconds for cost in profile.costs()) for profile in profiles])
        assert sum(widths[:-1]) == pytest.approx(calls)
        names = [tick.get_text() for tick in ax.get_yticklabels()]
        assert names[-1] == "between calls, waiting"
        if by == "call":
            assert len(widths) == 5 + 2 and names[-2] == f"{len(profiles[0].plan.calls) - 5} other calls"
        else:
            assert set(names[:-1]) == {call.kind for call in profiles[0].plan.calls}
        assert widths[:4] == sorted(widths[:4], reverse=True)


def test_work_shows_the_operations_of_every_call(profiles):
    plan = profiles[0].plan
    ax = pcxx.plot.work(plan, log=False)
    assert [bar.get_height() for bar in ax.containers[0]] == [call.repeats * call.flops for call in plan.calls]
    assert any(text.get_text().endswith(" x") for text in ax.texts)
    assert pcxx.plot.work(plan, log=True).get_yscale() == "log"


def test_memory_has_a_rectangle_for_every_variable(profiles):
    plan = profiles[0].plan
    for of, arenas in (("tile", {"tile"}), ("batch", {"batch", "tiles", "shared"})):
        ax = pcxx.plot.memory(plan, of=of)
        scale = {"offset, bytes": 1, "offset, kB": 1e-3, "offset, MB": 1e-6}[ax.get_ylabel()]
        wanted = [(each.first_call - 0.5, scale * each.offset, each.last_call - each.first_call + 1, scale * each.bytes)
                  for each in plan.variables if each.arena in arenas]
        drawn = [(*patch.get_xy(), patch.get_width(), patch.get_height()) for patch in ax.patches]
        assert np.allclose(sorted(drawn), sorted(wanted))


def test_what_cannot_be_drawn_is_refused(profiles):
    with pytest.raises(pcxx.ArgumentError, match=r"^\[costs\] expected profiles of one executor and one number of samples"):
        pcxx.plot.costs([])
    with pytest.raises(pcxx.ArgumentError, match=r"^\[costs\] by='thread', most=16; expected by='call' or by='kind'"):
        pcxx.plot.costs(profiles, by="thread")
    with pytest.raises(pcxx.ArgumentError, match=r"most=0"):
        pcxx.plot.costs(profiles, most=0)
    with pytest.raises(pcxx.ArgumentError, match=r"^\[memory\] of='disk'; expected 'tile' or 'batch'$"):
        pcxx.plot.memory(profiles[0].plan, of="disk")
