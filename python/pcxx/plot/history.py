"""Energies over training."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import errors, measure
from ..arguments import Floats
from . import figures
from .figures import Axes


def training(history: str | os.PathLike[str] | Iterable[Any] | measure.TrainingEnergies, *, every: str = "epoch",
             nodes: Sequence[str] | None = None, total: bool = True, smooth: float = 0.0, log: bool | None = None,
             ax: Axes | None = None) -> Axes:
    """Draws the energy of each node, and their total, over the steps of training; returns the axes.

    `history`: the reports that Trainer.step() or Trainer.fit() returned, or the folder of a training run, or its log.jsonl, of
    which records of `every` 'epoch' or 'batch' are drawn. `nodes`: the names of those to draw; `smooth`: from 0, nothing, to below
    1, the weight of what was before in a moving average, behind which the numbers themselves are faint; `log`: whether the axis
    is one of decades; None if that suits the numbers.

    Raises FileError for a log that cannot be read, NameError for an unknown node, ArgumentError for a history without records or
    a `smooth` outside 0 to below 1.
    """
    if not 0 <= smooth < 1:
        raise errors.ArgumentError(f"[training] smooth={smooth}; expected 0 or more and less than 1")
    measured = history if isinstance(history, measure.TrainingEnergies) else measure.training(history, every=every)
    raw = figures.chosen("training", measured.nodes, nodes)
    whole = measured.total if total and nodes is None else None
    faint = {**raw, **({"total": whole} if whole is not None else {})} if smooth else None
    lines = {name: smoothed(values, smooth) for name, values in raw.items()}
    ax = figures.new_axes(ax, "training")
    figures.draw_lines(ax, measured.steps, lines, total=None if whole is None else smoothed(whole, smooth), log=log, faint=faint,
                       order=list(measured.nodes))
    figures.whole_ticks(ax)
    ax.set_xlabel("step of training")
    of_epochs = isinstance(history, (str, os.PathLike)) and every == "epoch"
    ax.set_ylabel("energy, mean over the " + ("epoch" if of_epochs else "batch"))
    return ax


def smoothed(values: Floats, weight: float) -> Floats:
    """Returns the moving average whose weights fall by a factor from record to record, from the first record on: (records,)."""
    result = np.empty(len(values))
    total, norm = 0.0, 0.0
    for i, value in enumerate(values):
        if np.isfinite(value):
            total, norm = weight * total + value, weight * norm + 1
        result[i] = total / norm if norm > 0 else np.nan
    return result
