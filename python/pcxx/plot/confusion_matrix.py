"""The confusion matrix of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import errors, measure
from . import figures
from .figures import Axes

_MOST_WRITTEN = 16  # classes whose counts are written into the matrix


def confusion(labels: npt.ArrayLike, predictions: npt.ArrayLike | None = None, *, classes: int | Sequence[Any] | None = None,
              names: Sequence[str] | None = None, parts: bool = False, ax: Axes | None = None) -> Axes:
    """Draws how often samples of each class were taken for each class; returns the axes.

    `labels`, `predictions`, `classes`: as for measure.confusion(); or the matrix that it returned, (classes, classes) with a row
    for each true class, in place of labels. `names`: of the classes. `parts`: colours and numbers are parts of each row, in percent,
    rather than counts.

    Raises ShapeError or ArgumentError as measure.confusion(), and for a matrix or names that do not fit.
    """
    if predictions is None:
        matrix = np.asarray(labels)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) == 0 or matrix.min() < 0:
            raise errors.ShapeError(f"[confusion] the matrix is {matrix.shape}; expected (classes, classes) counts, or labels and "
                                    "predictions")
        known: Sequence[Any] = range(len(matrix))
    else:
        matrix = measure.confusion(labels, predictions, classes=classes)
        known = measure.class_names(labels, predictions, classes)
    titles = [str(title) for title in (known if names is None else names)]
    if len(titles) != len(matrix):
        raise errors.ArgumentError(f"[confusion] {len(titles)} names for {len(matrix)} classes; expected one for each")
    with np.errstate(invalid="ignore"):
        shown = 100 * matrix / matrix.sum(axis=1, keepdims=True) if parts else matrix.astype(float)
    size = float(np.clip(1.6 + 0.42 * len(matrix), 3.2, 7))
    ax = figures.new_axes(ax, "confusion", width=size + 1, height=size)
    _draw(ax, np.nan_to_num(shown), parts)
    crowded = len(titles) * max(map(len, titles)) > 30
    if len(matrix) <= 2 * _MOST_WRITTEN:
        ax.set_xticks(range(len(titles)), titles, rotation=45 if crowded else 0, ha="right" if crowded else "center",
                      rotation_mode="anchor" if crowded else "default")
        ax.set_yticks(range(len(titles)), titles)
    right = float(np.trace(matrix)) / max(float(matrix.sum()), 1.0)
    ax.set_title(f"accuracy {100 * right:.1f} %", fontsize="medium")
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    return ax


def _draw(ax: Axes, shown: npt.NDArray[Any], parts: bool) -> None:
    top = 100.0 if parts else max(float(shown.max()), 1.0)
    image = ax.imshow(shown, cmap="Blues", vmin=0, vmax=top)
    if len(shown) > _MOST_WRITTEN:
        ax.figure.colorbar(image, ax=ax, label="samples of the class, %" if parts else "samples", shrink=0.8)
        return
    for i, row in enumerate(shown):
        for j, value in enumerate(row):
            text = f"{value:.0f}" if value >= 0.5 or i == j else "·" if value == 0 else "<1"
            ax.text(j, i, text, ha="center", va="center", fontsize="small", color="white" if value > 0.6 * top else "#333333")
