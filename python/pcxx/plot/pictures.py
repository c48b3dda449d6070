"""Rows of pictures: originals, and what a network made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import errors
from . import figures
from .figures import Axes


def reconstructions(originals: npt.ArrayLike, *decoded: npt.ArrayLike, shape: Sequence[int] | None = None, count: int = 10,
                    names: Sequence[str] | None = None, bounds: tuple[float, float] | None = None,
                    axes: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    """Draws pictures in rows, the originals first, each above what was decoded; returns the axes (rows, pictures).

    Each array is (samples, ...), a picture being (h, w), (c, h, w) with one or three channels, or flat if `shape` says which of
    these it was. `count`: how many are drawn, at most. `names`: of the rows. `bounds`: the numbers that are black and white (0 and 1
    of each colour); the least and greatest of the originals if nothing is said. `axes`: axes (rows, pictures) to draw on.

    Raises ShapeError for arrays that are no pictures or differ in their samples or shapes, ArgumentError for names, bounds or axes
    that do not fit.
    """
    rows = [_pictures(each, shape, i) for i, each in enumerate((originals, *decoded))]
    for each in rows[1:]:
        if each.shape != rows[0].shape:
            raise errors.ShapeError(f"[reconstructions] pictures of {rows[0].shape} and of {each.shape}; expected as many, of one shape")
    shown = min(count, len(rows[0]))
    if shown < 1:
        raise errors.ArgumentError(f"[reconstructions] {shown} of {len(rows[0])} pictures are to be drawn; expected one or more")
    titles = list(names) if names is not None else ["original", "decoded", *(f"decoded {i}" for i in range(2, len(rows)))][:len(rows)]
    if len(titles) != len(rows):
        raise errors.ArgumentError(f"[reconstructions] {len(titles)} names for {len(rows)} rows; expected one for each")
    low, high = bounds if bounds is not None else (float(rows[0][:shown].min()), float(rows[0][:shown].max()))
    if not high >= low:
        raise errors.ArgumentError(f"[reconstructions] bounds ({low:g}, {high:g}); expected the number of black, then that of white")
    all_axes = _axes(axes, len(rows), shown, rows[0].shape)
    for title, pictures, row in zip(titles, rows, all_axes):
        for picture, ax in zip(pictures, row):
            _draw(ax, picture, low, high)
        row[0].set_ylabel(title)
    return all_axes


def _pictures(array: npt.ArrayLike, shape: Sequence[int] | None, row: int) -> npt.NDArray[Any]:
    """Returns pictures (samples, h, w) or (samples, h, w, 3)."""
    pictures = np.asarray(array)
    what = "originals" if row == 0 else f"decoded pictures {row}" if row > 1 else "decoded pictures"
    if shape is not None:
        size = int(np.prod(shape))
        if pictures.ndim < 2 or int(np.prod(pictures.shape[1:])) != size:
            raise errors.ShapeError(f"[reconstructions] {what} are {pictures.shape}; expected (samples, {size}) for shape={tuple(shape)}")
        pictures = pictures.reshape(-1, *shape)
    if pictures.ndim == 4 and pictures.shape[1] in (1, 3):
        pictures = pictures[:, 0] if pictures.shape[1] == 1 else np.moveaxis(pictures, 1, -1)
    elif pictures.ndim != 3:
        raise errors.ShapeError(f"[reconstructions] {what} are {pictures.shape}; expected (samples, h, w), (samples, c, h, w) with one "
                                "or three channels, or flat ones and shape=")
    return pictures.astype(np.float64)


def _axes(axes: npt.NDArray[Any] | None, rows: int, columns: int, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if axes is None:
        return figures.new_grid(rows, columns, width=0.95 * columns + 0.5, height=0.95 * rows * shape[1] / shape[2] + 0.25)
    given = np.asarray(axes)
    if given.shape != (rows, columns) or not all(isinstance(each, Axes) for each in given.flat):
        raise errors.ArgumentError(f"[reconstructions] axes are {given.shape}; expected ({rows}, {columns}) axes of matplotlib, as "
                                   "pyplot.subplots(..., squeeze=False) makes them")
    return given


def _draw(ax: Axes, picture: npt.NDArray[Any], low: float, high: float) -> None:
    if picture.ndim == 3:
        ax.imshow(np.clip((picture - low) / ((high - low) or 1), 0, 1))
    else:
        ax.imshow(picture, cmap="gray", vmin=low, vmax=high)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
