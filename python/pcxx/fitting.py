"""fit: the loop over epochs and batches behind Trainer.fit(), with a progress bar where one is wanted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from . import _pcxx as core
from . import errors

Progress = bool | Callable[..., Iterable[Any]]
Nodes = core.Node | Sequence[core.Node | None] | None
AfterEpoch = Callable[[int, list[core.StepReport]], object]


def fit(trainer: core.Trainer, batches: core.Loader | Iterable[Any], nodes: Nodes = None, *, epochs: int = 1,
        first_epoch: int = 0, progress: Progress = False, after_epoch: AfterEpoch | None = None) -> list[core.StepReport]:
    """Learns from every batch of some epochs, as Trainer.fit() says; returns the reports of all steps."""
    if epochs < 0 or first_epoch < 0:
        raise errors.ArgumentError(f"[fit] epochs={epochs}, first_epoch={first_epoch}; expected 0 or more of each")
    reports: list[core.StepReport] = []
    end = first_epoch + epochs
    for epoch in range(first_epoch, end):
        begin = len(reports)
        bar = with_progress(_batches(batches, epoch), progress, f"epoch {epoch + 1}/{end}")
        show = getattr(bar, "set_postfix", None)
        for batch in bar:
            reports.append(trainer.step(_data(batch, nodes)))
            if show is not None:
                show(energy=f"{reports[-1].energy:.4g}", refresh=False)  # drawn when the bar is drawn next
        if len(reports) == begin:
            raise errors.ArgumentError(f"[fit] epoch {epoch + 1} has no batches; expected a Loader, a list, or another iterable that "
                                       "can be gone through once for each epoch, which an iterator cannot")
        if after_epoch is not None:
            after_epoch(epoch, reports[begin:])
    return reports


def with_progress(iterable: Iterable[Any], progress: Progress, description: str) -> Iterable[Any]:
    """Returns the iterable as a progress bar goes through it.

    `progress`: False for none, True for tqdm's, or a callable that takes what tqdm takes: (iterable, total=, desc=). Raises
    ArgumentError for True where tqdm is not installed.
    """
    if progress is False:
        return iterable
    if progress is True:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            raise errors.ArgumentError("[progress] tqdm is not installed; expected `pip install tqdm`, or a callable like "
                                       "tqdm.auto.tqdm as progress=") from None
        progress = tqdm
    if not callable(progress):
        raise errors.DTypeError(f"[progress] progress is a '{type(progress).__name__}'; expected False, True or a callable like "
                                "tqdm.auto.tqdm")
    return progress(iterable, total=_length(iterable), desc=description)


def _length(iterable: Any) -> int | None:
    try:
        return len(iterable)
    except TypeError:  # a generator, or a DataLoader of a stream
        return None


def _batches(batches: core.Loader | Iterable[Any], epoch: int) -> Iterable[Any]:
    return batches.epoch(epoch) if isinstance(batches, core.Loader) else batches


def _data(batch: Any, nodes: Nodes) -> Mapping[core.Node, object]:
    """Returns which node gets what of a batch."""
    if isinstance(batch, Mapping):
        if nodes is not None:
            raise errors.ArgumentError("[fit] batches are {node: array} and nodes are given, too; expected one of the two")
        return batch
    if nodes is None:
        raise errors.ArgumentError(f"[fit] a batch is a '{type(batch).__name__}' and no nodes are given; expected "
                                   "nodes=[network.inputs, network.label], a node for each part of a batch")
    takers = [nodes] if isinstance(nodes, core.Node) else nodes
    parts = list(batch) if isinstance(batch, (tuple, list, core.Batch)) else [batch]
    if len(parts) != len(takers):
        raise errors.ShapeError(f"[fit] a batch has {len(parts)} parts but nodes has {len(takers)}; expected a node for each part, "
                                "None for one that nobody needs")
    return {node: part for node, part in zip(takers, parts) if node is not None}
