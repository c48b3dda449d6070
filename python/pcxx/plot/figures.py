"""What all pictures share: axes, colours, lines, legends; the only place that makes figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import errors
from ..arguments import Floats

try:
    import matplotlib
    from matplotlib.axes import Axes as Axes
    from matplotlib.lines import Line2D
except ImportError:
    raise errors.PackageError("[plot] matplotlib is not installed; expected it for pictures: pip install pcxx[plot], or pip install "
                              "matplotlib") from None

TOTAL = "#000000"
GREY = "#8c8c8c"
_DISTINCT = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a5195")  # Okabe & Ito 2008, but for yellow
_STYLES = ("-", "--", "-.", ":")
_LOG_DECADES = 12
_LEGEND_ROWS = 14


def new_axes(ax: Axes | None, who: str, *, width: float = 6.4, height: float = 3.6) -> Axes:
    """Returns the axes to draw on: the given ones, or those of a new figure, whose size is in inches.

    Raises DTypeError for what is no axes.
    """
    if ax is None:
        axes: Axes = new_grid(1, 1, width=width, height=height)[0, 0]
        return axes
    if not isinstance(ax, Axes):
        raise errors.DTypeError(f"[{who}] ax is a '{type(ax).__name__}'; expected axes of matplotlib, as pyplot.subplots() makes them")
    return ax


def new_grid(rows: int, columns: int, *, width: float, height: float) -> npt.NDArray[Any]:
    """Returns the axes (rows, columns) of a new figure of pyplot's."""
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(width, height), layout="constrained")
    return np.asarray(figure.subplots(rows, columns, squeeze=False))


def colours(count: int) -> list[Any]:
    """Returns so many colours that a colour-blind reader tells apart: of a set if it is large enough, else along a scale."""
    if count <= len(_DISTINCT):
        return list(_DISTINCT[:count])
    return [matplotlib.colormaps["viridis"](place) for place in np.linspace(0, 0.92, count)]


def draw_lines(ax: Axes, x: npt.ArrayLike, lines: Mapping[str, Floats], *, total: Floats | None = None, log: bool | None = None,
               faint: Mapping[str, Floats] | None = None, order: Sequence[str] | None = None) -> list[Line2D]:
    """Draws a line for each name, and one for their total, with a legend beside the axes.

    `log`: None for what suits the numbers. `faint`: what lies behind the lines, by their names ('total' for the total's). `order`:
    all names that share out the colours; those of the lines if nothing is said. As long as there are colours enough they go by the
    alphabet, so that a name has one colour in pictures that list names differently.
    """
    everything = [*lines.values(), *([total] if total is not None else [])]
    names = list(dict.fromkeys([*(order or ()), *lines]))
    if len(names) <= len(_DISTINCT):
        names.sort()
    looks = {name: (colour, _STYLES[i % len(_STYLES)] if len(names) > len(_DISTINCT) else "-")
             for i, (name, colour) in enumerate(zip(names, colours(len(names))))}
    mark = "o" if len(np.atleast_1d(x)) <= 40 else ""
    drawn = []
    for name, y in lines.items():
        colour, style = looks[name]
        if faint and name in faint:
            ax.plot(x, faint[name], color=colour, alpha=0.25, linewidth=1)
        drawn += ax.plot(x, y, style, color=colour, label=name, linewidth=1.6, marker=mark, markersize=3)
    if total is not None:
        if faint and "total" in faint:
            ax.plot(x, faint["total"], color=TOTAL, alpha=0.2, linewidth=1)
        drawn += ax.plot(x, total, color=TOTAL, label="total", linewidth=2.2, marker=mark, markersize=3.5, zorder=1.9)
    if log or (log is None and suits_log(everything)):
        set_log(ax, everything)
    grid(ax)
    legend(ax, drawn)
    return drawn


def suits_log(lines: Sequence[Floats]) -> bool:
    """Returns whether numbers are better seen on a scale of decades: none is negative, and they span a decade or more."""
    values = np.concatenate([np.ravel(line) for line in lines]) if lines else np.zeros(0)
    values = values[np.isfinite(values)]
    positive = values[values > 0]
    return bool(len(positive) and values.min() >= 0 and positive.max() >= 10 * positive.min())


def set_log(ax: Axes, lines: Sequence[Floats]) -> None:
    """Makes the vertical axis one of decades, at most twelve; zeros are not drawn, and bars stand on its end.

    It stays as it is where nothing is positive.
    """
    values = np.concatenate([np.ravel(line) for line in lines]) if lines else np.zeros(0)
    positive = values[np.isfinite(values) & (values > 0)]
    if len(positive) == 0:
        return
    ax.set_yscale("log", nonpositive="clip" if ax.patches else "mask")
    if ax.patches or positive.min() < 10.0 ** -_LOG_DECADES * positive.max():
        ax.set_ylim(bottom=max(float(positive.min()) / 3, 10.0 ** -_LOG_DECADES * float(positive.max())))


def grid(ax: Axes) -> None:
    """Draws faint lines at the ticks, and no frame where there is no axis."""
    ax.grid(True, which="major", color="#e3e3e3", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def legend(ax: Axes, handles: Sequence[Any] | None = None) -> None:
    """Puts a legend to the right of the axes, outside of the data."""
    found = list(handles) if handles is not None else list(ax.get_legend_handles_labels()[0])
    if not found:
        return
    columns = -(-len(found) // _LEGEND_ROWS)
    ax.legend(handles=found, loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, fontsize="small", ncols=columns,
              markerscale=1.5)


def whole_ticks(ax: Axes) -> None:
    """Lets the horizontal axis have ticks at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def chosen(who: str, known: Mapping[str, Floats], names: Sequence[str] | None) -> dict[str, Floats]:
    """Returns those of the named, or all. Raises NameError for one that is unknown."""
    if names is None:
        return dict(known)
    for name in names:
        if name not in known:
            raise errors.NameError(f"[{who}] '{name}' is unknown; known: {', '.join(known)}")
    return {name: known[name] for name in names}
