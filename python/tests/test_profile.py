"""Plans and profiles in Python: what the compiler made of a program, as data, and what a run of it did when."""

import networks
import numpy as np
import pytest

import pcxx

RULE = pcxx.PredictiveCoding(steps=6, values=pcxx.sgd(0.02), weights=pcxx.adamw(0.01))


def trained(steps=2, threads=0, **options):
    """Returns a trainer after some steps, and its batch."""
    network = networks.Classifier()
    points, labels = networks.moons(200)
    data = {network.point: points, network.label: labels}
    trainer = pcxx.Trainer(network, RULE, threads=threads, **options)
    for _ in range(steps):
        trainer.step(data)
    return trainer, data


def test_plan_says_what_explain_says():
    trainer, data = trained()
    executor = trainer.executor(list(data))
    plan, text = executor.plan(200), executor.explain()
    assert [line.strip() for line in text.splitlines() if ":= " in line and "hoist:" not in line] == [call.text for call in plan.calls]
    assert all(f"  {note}\n" in text for note in plan.notes) and all(f"{block.text}\n" in text for block in plan.blocks)
    assert (plan.device, plan.precision, plan.samples, plan.tile_rows, plan.tiles) == ("cpu", "f32", 200, 64, 4)
    assert sum(call.repeats * call.flops for call in plan.calls) == plan.flops == executor.flops(200)
    assert plan.bytes == executor.bytes(200) >= plan.batch_bytes + plan.tile_bytes
    assert {call.kind for call in plan.calls} == {"fused", "product", "pack", "sum"}
    assert {block.kind for block in plan.blocks} == {"rows", "shared", "repeat"}
    assert all(bool(call.details) == (call.kind == "fused") for call in plan.calls)
    for place, call in enumerate(plan.calls):
        for variable in [plan.variables[i] for i in call.reads + call.writes]:
            assert variable.name in call.text and variable.first_call <= place <= variable.last_call
    assert {variable.arena for variable in plan.variables} == {"state", "input", "shared", "batch", "tiles", "tile"}


def test_known_zeros_and_hoisting_save_work_that_the_plan_counts():
    (full, data), (least, _) = trained(known_zeros=False, hoist=False), trained()
    nodes = list(data)
    assert least.executor(list(_)).plan(200).flops < full.executor(nodes).plan(200).flops


@pytest.mark.parametrize("threads", [1, 3])
def test_profile_is_a_step(threads):
    plain, data = trained(steps=4, threads=threads)
    trainer, batch = trained(steps=3, threads=threads)
    profile = trainer.profile(batch)
    assert trainer.steps == 4
    for name, array in plain.state.arrays().items():
        assert np.array_equal(array, trainer.state.arrays()[name]), name
    columns = profile.columns()
    assert len(columns["call"]) == len(profile.records) > len(profile.plan.calls)
    assert np.all(np.diff(columns["start"]) >= 0) and np.all(columns["start"] + columns["seconds"] <= profile.seconds + 1e-9)
    assert set(columns["thread"]) <= set(range(profile.threads)) and profile.threads <= threads
    for name, values in columns.items():
        assert values.tolist() == [getattr(record, name) for record in profile.records]
    for place, call in enumerate(profile.plan.calls):
        own = columns["call"] == place
        by_rows = any(profile.plan.blocks[block].kind == "rows" for block in call.blocks)
        assert columns["turn"][own].max() + 1 == call.repeats
        assert by_rows == bool(np.all(columns["tile"][own] >= 0))
        if by_rows:
            assert own.sum() == call.repeats * profile.plan.tiles


def test_costs_add_up():
    trainer, data = trained()
    profile = trainer.profile(data)
    costs = profile.costs()
    assert [cost.seconds for cost in costs] == sorted((cost.seconds for cost in costs), reverse=True)
    assert sum(cost.count for cost in costs) == len(profile.records)
    assert sum(cost.flops for cost in costs) == pytest.approx(profile.plan.flops)
    assert sum(cost.seconds for cost in costs) == pytest.approx(profile.columns()["seconds"].sum())
    assert sum(cost.seconds for cost in costs) <= profile.threads * profile.seconds


def test_executors_and_ensembles_profile_their_runs():
    network = networks.Classifier()
    points, labels = networks.moons(70)
    data = {network.point: points, network.label: labels}
    executor = pcxx.Executor(network, list(data), RULE)
    assert executor.profile(data).plan.samples == 70
    assert executor.output("energy").shape == ()
    ensemble = pcxx.Ensemble(network, list(data), [(RULE, seed) for seed in range(2)])
    assert len(ensemble.plan(70).calls) > len(executor.plan(70).calls)
    assert ensemble.profile(data).records


def test_what_cannot_be_measured_is_said():
    network = networks.Classifier()
    points, labels = networks.moons(10)
    data = {network.point: points, network.label: labels}
    reference = pcxx.Executor(network, list(data), RULE, device="reference")
    with pytest.raises(pcxx.DeviceError, match=r"^\[reference\] has no plan: it runs the program as it was written"):
        reference.plan(1)
    with pytest.raises(pcxx.DeviceError, match=r"^\[reference\] has no profile"):
        reference.profile(data)
    trainer, batch = trained()
    with pytest.raises(pcxx.ArgumentError, match=r"^\[profile\] this executor belongs to a trainer; expected Trainer.profile\(\)$"):
        trainer.executor(list(batch)).profile(batch)
    with pytest.raises(pcxx.ArgumentError, match=r"^\[profile\] there are no data; expected \{node: array\}$"):
        trainer.profile({})
    with pytest.raises(pcxx.ArgumentError, match=r"^\[plan\] -1 samples; expected at least 0$"):
        trainer.executor(list(batch)).plan(-1)
