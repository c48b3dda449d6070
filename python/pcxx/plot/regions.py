"""Decision regions of a classifier of points in the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _pcxx as core
from .. import errors
from . import figures
from .figures import Axes

_ROWS = 4096  # points that are classified at once


def decision_regions(classifier: Any, points: npt.ArrayLike | None = None, labels: npt.ArrayLike | None = None, *,
                     inputs: core.Node | None = None, outputs: core.Node | None = None, names: Sequence[str] | None = None,
                     bounds: tuple[float, float, float, float] | None = None, resolution: int = 200, ax: Axes | None = None) -> Axes:
    """Draws which class a classifier gives each point of the plane, and the data; returns the axes.

    `classifier`: a Trainer, which predicts `outputs` from `inputs` (nodes); anything with predict(X), such as PCClassifier; or a
    function of points (n, 2). What comes back may be classes (n,), or numbers (n, classes) of which the largest counts.
    `points`: (samples, 2), `labels`: (samples,) or one-hot (samples, classes). `names`: of the classes, for the legend. `bounds`:
    (left, right, bottom, top); a margin around the points if nothing is said. `resolution`: points along each axis.

    Raises ArgumentError if neither points nor bounds are given, or a Trainer without nodes; ShapeError for points that are not in
    the plane, or labels that do not fit them.
    """
    data, classes = _data(points, labels)
    left, right, bottom, top = bounds if bounds is not None else _around(data)
    if not (right > left and top > bottom) or resolution < 2:
        raise errors.ArgumentError(f"[decision_regions] bounds ({left:g}, {right:g}, {bottom:g}, {top:g}) at {resolution} points; "
                                   "expected left < right, bottom < top, and 2 points or more")
    x, y = np.meshgrid(_centres(left, right, resolution), _centres(bottom, top, resolution))
    predicted = _classified(_function(classifier, inputs, outputs), np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32))
    known = np.unique(np.concatenate([predicted, classes])) if classes is not None else np.unique(predicted)
    if np.issubdtype(known.dtype, np.number):  # classes that appear nowhere keep their colours
        known = np.arange(max(int(known.max()) + 1, len(names or ())))
    if names is not None and len(names) < len(known):
        raise errors.ArgumentError(f"[decision_regions] {len(names)} names for {len(known)} classes; expected one for each")
    ratio = (right - left) / (top - bottom)
    is_square = 1 / 3 < ratio < 3  # one scale for both inputs
    ax = figures.new_axes(ax, "decision_regions", width=5.4, height=float(np.clip(4.2 / ratio + 0.5, 2.5, 5)) if is_square else 4)
    _draw(ax, np.searchsorted(known, predicted).reshape(resolution, resolution), (left, right, bottom, top), len(known))
    if data is not None:
        _draw_points(ax, data, None if classes is None else np.searchsorted(known, classes),
                     [str(each) for each in (names if names is not None else known)])
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    if is_square:
        ax.set_aspect("equal")
    ax.set_xlabel("input 1")
    ax.set_ylabel("input 2")
    return ax


def _data(points: npt.ArrayLike | None, labels: npt.ArrayLike | None) -> tuple[npt.NDArray[Any] | None, npt.NDArray[Any] | None]:
    if points is None:
        if labels is not None:
            raise errors.ArgumentError("[decision_regions] there are labels but no points; expected both, or neither and bounds=")
        return None, None
    data = np.asarray(points)
    if data.ndim != 2 or data.shape[1] != 2 or len(data) == 0:
        raise errors.ShapeError(f"[decision_regions] points are {data.shape}; expected (samples, 2), one sample or more")
    if labels is None:
        return data, None
    classes = _classes(labels)
    if classes.shape != (len(data),):
        raise errors.ShapeError(f"[decision_regions] {len(data)} points but labels are {np.shape(labels)}; expected a label for each")
    return data, classes


def _classes(values: npt.ArrayLike) -> npt.NDArray[Any]:
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] > 1:
        return np.asarray(array.argmax(axis=1))
    if array.ndim == 2:
        array = array[:, 0]
    if np.issubdtype(array.dtype, np.floating):  # one number for two classes, 0 and 1
        return np.asarray(array > 0.5, np.int64) if not np.all(array == np.round(array)) else array.astype(np.int64)
    return array.astype(np.int64) if array.dtype == np.bool_ else array


def _function(classifier: Any, inputs: core.Node | None, outputs: core.Node | None) -> Callable[[npt.NDArray[Any]], Any]:
    if isinstance(classifier, core.Trainer):
        if inputs is None or outputs is None:
            raise errors.ArgumentError("[decision_regions] a Trainer without nodes; expected inputs=network.point, "
                                       "outputs=network.label, say: which node takes points, and which one says the class")
        take, say = inputs, outputs
        wide = classifier.options["precision"] == "f64"
        return lambda some: classifier.predict(say, {take: some.astype(np.float64) if wide else some})
    if callable(predict := getattr(classifier, "predict", None)):
        return lambda some: predict(some)
    if callable(classifier):
        return lambda some: classifier(some)
    raise errors.DTypeError(f"[decision_regions] the classifier is a '{type(classifier).__name__}'; expected a Trainer, something with "
                            "predict(X), or a function of points")


def _classified(function: Callable[[npt.NDArray[Any]], Any], grid: npt.NDArray[Any]) -> npt.NDArray[Any]:
    parts = [np.asarray(function(grid[begin:begin + _ROWS])) for begin in range(0, len(grid), _ROWS)]
    result = np.concatenate(parts)
    if result.shape[:1] != (len(grid),) or result.ndim > 2:
        raise errors.ShapeError(f"[decision_regions] the classifier made {result.shape} of {len(grid)} points; expected (points,) or "
                                "(points, classes)")
    return _classes(result)


def _centres(begin: float, end: float, count: int) -> npt.NDArray[Any]:
    step = (end - begin) / count
    return np.asarray(begin + step * (np.arange(count) + 0.5))


def _around(data: npt.NDArray[Any] | None) -> tuple[float, float, float, float]:
    if data is None:
        raise errors.ArgumentError("[decision_regions] there are neither points nor bounds; expected one of them: the part of the plane "
                                   "to look at")
    low, high = data.min(axis=0).astype(float), data.max(axis=0).astype(float)
    margin = np.where(high > low, 0.12 * (high - low), 1.0)
    return (float(low[0] - margin[0]), float(high[0] + margin[0]), float(low[1] - margin[1]), float(high[1] + margin[1]))


def _draw(ax: Axes, classes: npt.NDArray[Any], extent: tuple[float, float, float, float], count: int) -> None:
    from matplotlib.colors import ListedColormap, to_rgb

    light = [tuple(1 - 0.32 * (1 - part) for part in to_rgb(colour)) for colour in figures.colours(count)]
    ax.imshow(classes, origin="lower", extent=extent, cmap=ListedColormap(light), vmin=-0.5, vmax=count - 0.5, aspect="auto",
              interpolation="nearest", zorder=0)


def _draw_points(ax: Axes, data: npt.NDArray[Any], classes: npt.NDArray[Any] | None, names: list[str]) -> None:
    size = float(np.clip(6000 / len(data), 4, 22))
    if classes is None:
        ax.scatter(data[:, 0], data[:, 1], s=size, color=figures.GREY, edgecolors="white", linewidths=0.4)
        return
    markers = "os^Dv"
    for i, (name, colour) in enumerate(zip(names, figures.colours(len(names)))):
        own = data[classes == i]
        if len(own):
            ax.scatter(own[:, 0], own[:, 1], s=size, color=colour, marker=markers[i % len(markers)], edgecolors="white",
                       linewidths=0.4, label=name)
    figures.legend(ax)
