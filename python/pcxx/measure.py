"""Measurements of a network on one batch, as NumPy: how it relaxes, what it teaches its weights, what it confuses.

Nothing that is measured changes: programs run on a copy of the state. `pcxx.plot` draws what is measured here.
"""

import json
import os
import pathlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _pcxx as core
from . import errors
from .arguments import Batch, Floats, Rule

__all__ = ["Relaxation", "TrainingEnergies", "WeightGradients", "class_names", "confusion", "relaxation", "training",
           "weight_gradients"]


@dataclass(frozen=True)
class Relaxation:
    """How the energies of one batch fall while its nodes relax; all arrays are (states,).

    A state is one before the first step or after a step. A rule with several loops, one after another, passes the state between
    two of them twice, perhaps in two phases: `steps` then has that number twice.
    """

    steps: npt.NDArray[np.int64]
    """The steps made before each state: 0, 1, ..., T."""
    energies: dict[str, Floats]
    """By node, from inputs to outputs, and further energy term: the mean over the batch, in nats where energies are likelihoods."""
    gradients: dict[str, Floats]
    """By free node: the norm of d energy / d h, the mean over the batch. NaN in a loop in which the node is not free."""

    @property
    def total(self) -> Floats:
        """The network's energy, the sum of all: (states,)."""
        return np.sum(list(self.energies.values()), axis=0, dtype=np.float64) + np.zeros(len(self.steps))

    @property
    def gradient(self) -> Floats:
        """The root of the sum of the squares of all nodes' gradient norms: (states,). It goes to 0 where relaxation converges."""
        squares = np.square(list(self.gradients.values()) or np.zeros((1, len(self.steps))))
        return np.asarray(np.sqrt(np.nansum(squares, axis=0)), np.float64)

    @property
    def remaining(self) -> float:
        """The last gradient norm over the largest: near 0 if the relaxation has converged, near 1 if it has hardly begun."""
        norms = self.gradient
        return float(norms[-1] / norms.max()) if norms.max() > 0 else 0.0


@dataclass(frozen=True)
class WeightGradients:
    """What a rule teaches each layer in one batch, beside what backpropagation would; dicts are by layer, in the network's order.

    Layers are parameters whose names agree up to the last dot ('low.weight' and 'low.bias' are 'low'), unless it was measured by
    parameter. Norms are Euclidean, of the gradient's mean over the batch. A cosine is that of the angle between two gradients: 1
    for one direction; NaN where a gradient is zero.
    """

    taught: dict[str, float]
    """Norms of the gradients that the rule gives its optimisers; of their sum if it does so more than once a batch."""
    backpropagation: dict[str, float]
    """Norms of the gradients of the energies of the given nodes at the forward pass."""
    cosine: dict[str, float]
    """Between these two."""
    steps: npt.NDArray[np.int64]
    """The steps made before each state of the rule's first loop, (states,); empty for a rule without a loop."""
    norm_over_steps: dict[str, Floats]
    """Norms of d energy / d layer at each of these states: what would be taught if relaxation ended there."""
    cosine_over_steps: dict[str, Floats]
    """Between that and backpropagation's."""


@dataclass(frozen=True)
class TrainingEnergies:
    """Energies over training; all arrays are (records,)."""

    steps: npt.NDArray[np.int64]
    """The training steps made before each record."""
    total: Floats
    """The network's energy."""
    nodes: dict[str, Floats]
    """By node; NaN where a record lacks it."""


def relaxation(of: core.Trainer | core.Network, batch: Batch, *, rule: Rule | None = None, state: core.State | None = None,
               **options: Any) -> Relaxation:
    """Returns how one batch relaxes: the energy of each node, and the norm of its gradient, at every state from before the first
    step to after the last, as Relaxation.

    `of`: a Trainer, whose rule, state and options are used unless others are given; or a Network, with a rule. Any rule with a
    loop will do, one's own too. `batch`: {node: array}, as Trainer.step() takes it. `options`: as Executor() takes them (device,
    precision, threads, seed). What is drawn is what the trainer's next step draws. For other quantities than these write
    Flow.record() into a rule.

    Raises ArgumentError if there is no rule, if it has no loop, or for data that do not fit.
    """
    executor = _run("relaxation", core.with_relaxation, of, batch, rule, state, options)
    loops = _loops(executor)
    if not loops:
        raise errors.ArgumentError("[relaxation] the rule's program has no loop, so that nothing relaxes; expected a rule such as "
                                   "PredictiveCoding(steps=8)")
    steps: list[npt.NDArray[np.int64]] = []
    for loop in loops:
        states = int(executor.output(f"{loop}/states"))
        steps.append(np.arange(states, dtype=np.int64) + (steps[-1][-1] if steps else 0))
    network = of.network if isinstance(of, core.Trainer) else of
    states_of = dict(zip(loops, map(len, steps)))
    order = _by_depth(network)
    terms = [name for name, _ in network.energies() if name not in order]
    return Relaxation(np.concatenate(steps), _over_loops(executor, states_of, "energy", order + terms),
                      _over_loops(executor, states_of, "gradient", order))


def weight_gradients(of: core.Trainer | core.Network, batch: Batch, *, rule: Rule | None = None, state: core.State | None = None,
                     by: str = "layer", **options: Any) -> WeightGradients:
    """Returns what a rule teaches each layer in one batch, compared with backpropagation at the same parameters, and how that
    comes about over the steps of relaxation, as WeightGradients.

    `of`, `batch`, `rule`, `state`, `options`: as for relaxation(). `by`: 'layer' or 'parameter'. Where a rule scales its gradients
    (TargetNudging divides by beta), what it taught is compared, but over steps the energy's own gradient.

    Raises ArgumentError if there is no rule, no given node with an energy, or for data that do not fit.
    """
    if by not in ("layer", "parameter"):
        raise errors.ArgumentError(f"[weight_gradients] by='{by}'; expected 'layer' or 'parameter'")
    executor = _run("weight_gradients", core.with_weight_gradients, of, batch, rule, state, options)
    network = of.network if isinstance(of, core.Trainer) else of
    groups: dict[str, list[str]] = {}
    for parameter in network.parameters():
        groups.setdefault(parameter.name.rpartition(".")[0] if by == "layer" and "." in parameter.name else parameter.name,
                          []).append(parameter.name)
    states = int(executor.output("loop1/states")) if "loop1/states" in executor.outputs() else 0
    taught, backpropagation, cosine = {}, {}, {}
    norms: dict[str, Floats] = {}
    cosines: dict[str, Floats] = {}
    for group, names in groups.items():
        def read(kind: str, names: list[str] = names) -> Floats:
            return np.array([executor.output(f"{kind}/{name}") for name in names], np.float64)

        reference, own = read("backpropagation"), read("taught")
        backpropagation[group], taught[group] = _norm(reference), _norm(own)
        cosine[group] = float(_cosine(read("cosine"), own, reference))
        if states:
            each = read("loop1/norm")[:, :states]
            norms[group] = np.sqrt(np.sum(np.square(each), axis=0))
            cosines[group] = _cosine(read("loop1/cosine")[:, :states], each, reference[:, None])
    return WeightGradients(taught, backpropagation, cosine, np.arange(states, dtype=np.int64), norms, cosines)


def training(history: str | os.PathLike[str] | Iterable[Any], *, every: str = "epoch") -> TrainingEnergies:
    """Returns the energies over training, as TrainingEnergies.

    `history`: the reports that Trainer.step() or Trainer.fit() returned, or the folder of a training run, or its log.jsonl; of a
    run's records `every` 'epoch' or 'batch' (if the recipe logs batches).

    Raises FileError for a log that cannot be read, ArgumentError for a history without records.
    """
    if isinstance(history, (str, os.PathLike)):
        records = _log(pathlib.Path(history), every)
    else:
        reports: Iterable[Any] = history
        records = [(each.step, each.energy, dict(each.nodes)) for each in reports]
    if not records:
        raise errors.ArgumentError("[training] the history has no records; expected the reports of Trainer.step(), or the folder of a "
                                   f"run with records of every '{every}'")
    names = list(dict.fromkeys(name for _, _, nodes in records for name in nodes))
    return TrainingEnergies(np.array([step for step, _, _ in records], np.int64),
                            np.array([energy for _, energy, _ in records], np.float64),
                            {name: np.array([nodes.get(name, np.nan) for _, _, nodes in records], np.float64) for name in names})


def confusion(labels: npt.ArrayLike, predictions: npt.ArrayLike, *, classes: int | Sequence[Any] | None = None) -> npt.NDArray[np.int64]:
    """Returns how often samples of each class were taken for each class: (classes, classes), rows are the true ones.

    `labels`, `predictions`: classes (samples,), or rows (samples, classes) of which the largest counts: one-hot labels, logits.
    `classes`: how many there are, classes being 0, 1, ...; or all that may appear, in their order. If nothing is said, as many as
    appear; those that are no numbers in alphabetical order.

    Raises ShapeError if the two do not fit each other, ArgumentError for a class that is none of `classes`.
    """
    true, predicted = (_classes(each, what) for each, what in ((labels, "labels"), (predictions, "predictions")))
    if true.shape != predicted.shape:
        raise errors.ShapeError(f"[confusion] {len(true)} labels but {len(predicted)} predictions; expected as many of each")
    known = class_names(labels, predictions, classes)
    place = {each: i for i, each in enumerate(known)}
    if unknown := [each for each in np.unique(np.concatenate([true, predicted])).tolist() if each not in place]:
        raise errors.ArgumentError(f"[confusion] class {unknown[0]!r} appears; expected one of {', '.join(map(repr, known))}")
    matrix = np.zeros((len(known), len(known)), np.int64)
    np.add.at(matrix, ([place[each] for each in true.tolist()], [place[each] for each in predicted.tolist()]), 1)
    return matrix


def class_names(labels: npt.ArrayLike, predictions: npt.ArrayLike, classes: int | Sequence[Any] | None = None) -> list[Any]:
    """Returns the classes that confusion() counts, in the order of its rows."""
    if classes is not None:
        return list(range(classes)) if isinstance(classes, int) else list(classes)
    both = np.concatenate([_classes(labels, "labels"), _classes(predictions, "predictions")])
    if not np.issubdtype(both.dtype, np.integer):
        return list(np.unique(both).tolist())
    widths = [np.shape(each)[1] for each in (labels, predictions) if np.ndim(each) == 2]
    return list(range(max([*widths, int(both.max(initial=-1)) + 1])))


def _run(who: str, observe: Callable[[Rule], core.LearningRule], of: core.Trainer | core.Network, batch: Batch, rule: Rule | None,
         state: core.State | None, options: dict[str, Any]) -> core.Executor:
    """Runs an observed rule once, on a copy of the state."""
    if isinstance(of, core.Trainer):
        network, options = of.network, {**of.options, **options}
        rule, state = rule if rule is not None else of.rule, state if state is not None else of.state
    elif isinstance(of, core.Network):
        network = of
    else:
        raise errors.DTypeError(f"[{who}] is asked of a '{type(of).__name__}'; expected a Trainer, or a Network and a rule")
    if rule is None:
        raise errors.ArgumentError(f"[{who}] a network without a rule; expected rule=PredictiveCoding(...), or a Trainer")
    if not batch:
        raise errors.ArgumentError(f"[{who}] the batch is empty; expected {{node: array}}, as Trainer.step() takes it")
    scratch = network.initialise(options.get("seed", 0), precision="f64" if options.get("precision") == "f64" else "f32")
    executor = core.Executor(network, list(batch), observe(rule), scratch, **options)
    for name in scratch if state is not None else ():
        if state is not None and name in state:  # what the trainer has not made yet starts at zero
            scratch[name] = state[name]
    executor.run(batch)
    return executor


def _by_depth(network: core.Network) -> list[str]:
    """Returns the names of the nodes from inputs to outputs; of those that read each other in a loop, as they were made."""
    left = [node.name for node in network.nodes()]
    reads: dict[str, set[str]] = {name: set() for name in left}
    for each in core.connections(network):
        if not each.to_term and each.origin is not None and each.origin.name in reads and each.origin.name != each.to:
            reads[each.to].add(each.origin.name)
    ordered: list[str] = []
    while left:
        ready = [name for name in left if reads[name] <= set(ordered)] or left[:1]
        ordered += ready
        left = [name for name in left if name not in ready]
    return ordered


def _loops(executor: core.Executor) -> list[str]:
    names = set(executor.outputs())
    count = 0
    while f"loop{count + 1}/states" in names:
        count += 1
    return [f"loop{i + 1}" for i in range(count)]


def _over_loops(executor: core.Executor, states: dict[str, int], kind: str, names: list[str]) -> dict[str, Floats]:
    """Returns what was recorded under 'loop1/kind/name', 'loop2/kind/name', ..., one after another, by name."""
    known = set(executor.outputs())

    def rows(loop: str, name: str) -> Floats:
        output = f"{loop}/{kind}/{name}"
        recorded = executor.output(output) if output in known else np.full(states[loop], np.nan)
        return np.asarray(recorded, np.float64)[:states[loop]]

    return {name: np.concatenate([rows(loop, name) for loop in states]) for name in names
            if any(f"{loop}/{kind}/{name}" in known for loop in states)}


def _norm(norms: Floats) -> float:
    return float(np.sqrt(np.sum(np.square(norms))))


def _cosine(cosines: Floats, norms: Floats, others: Floats) -> Any:
    """Returns the cosine of two gradients from those of their parts, (parts, ...), and the parts' norms."""
    lengths = np.sqrt(np.sum(np.square(norms), axis=0)) * np.sqrt(np.sum(np.square(others), axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(lengths > 0, np.sum(cosines * norms * others, axis=0) / lengths, np.nan)


def _log(path: pathlib.Path, every: str) -> list[tuple[int, float, dict[str, float]]]:
    if every not in ("epoch", "batch"):
        raise errors.ArgumentError(f"[training] every='{every}'; expected 'epoch' or 'batch'")
    path = path / "log.jsonl" if path.is_dir() else path
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]  # a last line without an end does not count
    except OSError as error:
        raise errors.FileError(f"[training] '{path}' cannot be read: {error.strerror}; expected the folder of a training run, or its "
                               "log.jsonl") from None
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if record["event"] == every:
                energies = {name: _number(energy) for name, energy in record.get("energies", {}).items()}
                records.append((int(record["step"]), _number(record["energy"]), energies))
        except (ValueError, KeyError, TypeError):
            raise errors.FileError(f"[training] line {number} of '{path}' is no record of a training run; expected one JSON object "
                                   "a line, as `pcxx train` writes them") from None
    return records


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan  # energies that are not finite are null


def _classes(values: npt.ArrayLike, what: str) -> npt.NDArray[Any]:
    """Returns the class of each sample: whole numbers, or whatever else they are called."""
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] > 0:
        return np.asarray(array.argmax(axis=1))
    if array.ndim != 1:
        raise errors.ShapeError(f"[confusion] {what} are {array.shape}; expected (samples,) or (samples, classes)")
    if np.issubdtype(array.dtype, np.floating) and np.all(array == np.round(array)) or array.dtype == np.bool_:
        return array.astype(np.int64)
    return array
