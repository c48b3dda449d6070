"""The network as a graph: nodes, what predicts them, and the parameters between; laid out by Graphviz."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from .. import _pcxx as core
from .. import errors
from . import figures
from .figures import Axes

_DIRECTIONS = {"down": "TB", "up": "BT", "right": "LR", "left": "RL"}
_KINDS = {"matmul": "linear", "convolve": "conv", "convolve_transposed": "transposed conv", "window_pick": "max pool",
          "window_sum": "mean pool", "logsumexp": "softmax", "gather": "embedding"}
_ACTIVATIONS = ("relu", "leaky_relu", "gelu", "gelu_erf", "tanh", "sigmoid", "silu", "softplus", "hard_tanh", "elu")
_INK, _EDGE, _GIVEN, _PREDICTED, _TERM = "#222222", "#6b6b6b", "#fdf3dc", "#e3eef8", "#f2f2f2"
_LAYOUT_SIZE, _DRAWN_SIZE = 11.0, 9.5  # points: room for a font that is wider than Graphviz thinks
_POINTS = 72.0  # to an inch
_WIDEST, _HIGHEST = 16.0, 30.0  # inches of a figure: pages are scrolled downwards


def network(network: core.Network, *, parameters: bool = True, direction: str = "down", ax: Axes | None = None) -> Axes:
    """Draws the network as a graph, as dot() describes it; returns the axes.

    The layout is made by Graphviz's program `dot`. `direction`: 'down', 'up', 'right' or 'left', from inputs to outputs. `parameters`:
    whether connections say which parameters lie between. A network may be drawn before or after it was compiled.

    Raises DeviceError if Graphviz is not installed, ArgumentError for another direction or a network without nodes.
    """
    layout = _laid_out(dot(network, parameters=parameters, direction=direction))
    left, bottom, right, top = (float(each) for each in layout["bb"].split(","))
    width, height = (right - left) / _POINTS + 0.2, (top - bottom) / _POINTS + 0.2
    shrunk = min(1.0, _WIDEST / width, _HIGHEST / height)
    scale = shrunk if ax is None else _scale(figures.new_axes(ax, "network"), width, height)
    ax = figures.new_axes(ax, "network", width=width * shrunk, height=height * shrunk)
    ax.set_xlim(left - 4, right + 4)
    ax.set_ylim(bottom - 4, top + 4)
    ax.set_aspect("equal")
    ax.set_axis_off()
    for edge in layout.get("edges", []):
        _draw_edge(ax, edge, scale)
    for node in layout.get("objects", []):
        _draw_node(ax, node, scale)
    return ax


def dot(network: core.Network, *, parameters: bool = True, direction: str = "down") -> str:
    """Returns the network as a graph in Graphviz's language DOT.

    A box for each node, with its shape and its energy; those that nothing predicts have a colour of their own. An arrow for each
    node that a prediction reads, labelled with the kinds of layers between and, if `parameters`, their parameters but for biases. A
    parameter that several predictions share is marked, and its arrows have a colour of their own. Further energy terms are
    dashed. `direction`: 'down', 'up', 'right' or 'left', from inputs to outputs.

    Raises ArgumentError for another direction or a network without nodes.
    """
    if direction not in _DIRECTIONS:
        raise errors.ArgumentError(f"[dot] direction='{direction}'; expected one of {', '.join(map(repr, _DIRECTIONS))}")
    nodes = network.nodes()
    if not nodes:
        raise errors.ArgumentError("[dot] the network has no nodes; expected one or more")
    connections = core.connections(network)
    shared = _shared(connections)
    colours = dict(zip(shared, figures.colours(len(shared))))
    lines = ["digraph network {", f"  rankdir={_DIRECTIONS[direction]}; nodesep=0.35; ranksep=0.4;",
             f'  node [shape=box, style="rounded,filled", color="{_EDGE}", fontname="DejaVu Sans", fontsize={_LAYOUT_SIZE:g}, '
             'margin="0.16,0.08"];',
             f'  edge [color="{_EDGE}", fontname="DejaVu Sans", fontsize={_LAYOUT_SIZE - 1:g}];']
    outside = {each.origin.name: each.origin for each in connections if each.origin is not None and each.origin not in nodes}
    for node in [*nodes, *outside.values()]:
        lines.append(_statement([node.name], label=_node_label(node), fillcolor=_PREDICTED if node.predicted else _GIVEN))
    for each in connections:
        target = f"term {each.to}" if each.to_term else each.to
        if each.to_term and not any(line.startswith(f"  {_quoted(target)} [") for line in lines):
            lines.append(_statement([target], label=f"{each.to}\nenergy term", fillcolor=_TERM, style="filled,dashed"))
        origin = each.origin.name if each.origin is not None else f"parameters of {each.to}"
        if each.origin is None:
            lines.append(_statement([origin], label=_parameter_lines(each, shared) or each.to, fillcolor=_TERM, style="filled"))
        own = [parameter.name for parameter in each.parameters if parameter.name in shared]
        lines.append(_statement([origin, target], label=_connection_label(each, shared if parameters else None),
                                color=_hexadecimal(colours[own[0]]) if own else "", style="dashed" if each.to_term else ""))
    return "\n".join([*lines, "}"]) + "\n"


def _shared(connections: list[core.Connection]) -> list[str]:
    """Returns the names of the parameters that lead to several nodes or terms."""
    leads_to: dict[str, set[tuple[str, bool]]] = {}
    for each in connections:
        for parameter in each.parameters:
            leads_to.setdefault(parameter.name, set()).add((each.to, each.to_term))
    names = [name for name, targets in leads_to.items() if len(targets) > 1]
    weights = [name for name in names if not name.endswith(".bias")]
    return weights or names


def _node_label(node: core.Node) -> str:
    energy = core.energy_name(node)
    return "\n".join([node.name, _times(node.shape), *([energy.replace("_", " ")] if energy else [])])


def _connection_label(connection: core.Connection, shared: list[str] | None) -> str:
    names = (_KINDS.get(each, each.replace("_", " ") if each in _ACTIVATIONS else "") for each in connection.operations)
    kinds = list(dict.fromkeys(filter(None, names)))  # heads of attention would say the same again and again
    if shared is None or connection.origin is None:
        return ", ".join(kinds)
    return "\n".join(filter(None, [", ".join(kinds), _parameter_lines(connection, shared)]))


def _parameter_lines(connection: core.Connection, shared: list[str]) -> str:
    shown = [each for each in connection.parameters if "bias" not in each.tags] or list(connection.parameters)
    return "\n".join(f"{each.name} {_times(each.shape)}{' (shared)' if each.name in shared else ''}" for each in shown)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "1"


def _statement(names: list[str], **attributes: str) -> str:
    given = ", ".join(f"{name}={_quoted(value)}" for name, value in attributes.items() if value)
    return f"  {' -> '.join(map(_quoted, names))}" + (f" [{given}];" if given else ";")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _unescaped(label: str) -> str:
    """Returns the text of a label as Graphviz hands it on."""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else str(match[1]), label)


def _hexadecimal(colour: Any) -> str:
    from matplotlib.colors import to_hex

    return str(to_hex(colour))


def _laid_out(text: str) -> dict[str, Any]:
    """Returns what Graphviz makes of a graph: its JSON, lengths in points."""
    try:
        outcome = subprocess.run(["dot", "-Tjson"], input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    except OSError:
        raise errors.DeviceError("[network] Graphviz's program 'dot' is not there; expected it for the layout: install the package "
                                 "graphviz of your system (apt install graphviz, brew install graphviz, conda install graphviz), or "
                                 "take the text of plot.dot() elsewhere") from None
    if outcome.returncode != 0:
        raise errors.DeviceError(f"[network] Graphviz failed: {outcome.stderr.strip()}; expected a layout of plot.dot()")
    layout: dict[str, Any] = json.loads(outcome.stdout)
    return layout


def _scale(ax: Axes, width: float, height: float) -> float:
    """Returns how much smaller than laid out, in inches, the graph is drawn on given axes: text must shrink with it."""
    box = ax.get_window_extent()
    points = ax.figure.dpi
    return min(1.0, float(box.width / points / width), float(box.height / points / height))


def _draw_node(ax: Axes, node: dict[str, Any], scale: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = (float(each) for each in node["pos"].split(","))
    width, height = float(node["width"]) * _POINTS, float(node["height"]) * _POINTS
    rounding = 6 if "rounded" in node["style"] else 0.01
    ax.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, boxstyle=f"round,pad=0,rounding_size={rounding}",
                                facecolor=node["fillcolor"], edgecolor=_EDGE, linewidth=scale,
                                linestyle="--" if "dashed" in node["style"] else "-", zorder=2))
    name, _, rest = _unescaped(node["label"]).partition("\n")
    lines = 1 + rest.count("\n") + bool(rest)
    step = _LAYOUT_SIZE * 1.2
    ax.text(x, y + (lines - 1) * step / 2, name, ha="center", va="center", fontsize=_DRAWN_SIZE * scale, color=_INK, weight="bold", zorder=3)
    for i, line in enumerate(rest.split("\n") if rest else [], start=1):
        ax.text(x, y + (lines - 1 - 2 * i) * step / 2, line, ha="center", va="center", fontsize=(_DRAWN_SIZE - 1) * scale, color=_INK,
                zorder=3)


def _draw_edge(ax: Axes, edge: dict[str, Any], scale: float) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    parts = edge["pos"].split()
    tip = [tuple(map(float, part[2:].split(","))) for part in parts if part.startswith("e,")]
    points = [tuple(map(float, part.split(","))) for part in parts if part[0] not in "es"]
    colour = edge.get("color", _EDGE)
    path = Path(points, [Path.MOVETO, *[Path.CURVE4] * (len(points) - 1)])
    ax.add_patch(PathPatch(path, facecolor="none", edgecolor=colour, linewidth=1.4 * scale,
                           linestyle="--" if edge.get("style") == "dashed" else "-", zorder=1))
    if tip:
        (x0, y0), (x1, y1) = points[-1], tip[0]
        across = (-(y1 - y0) * 0.35, (x1 - x0) * 0.35)
        ax.add_patch(Polygon([(x1, y1), (x0 + across[0], y0 + across[1]), (x0 - across[0], y0 - across[1])], closed=True,
                             facecolor=colour, edgecolor=colour, zorder=1))
    if "lp" in edge:
        x, y = (float(each) for each in edge["lp"].split(","))
        ax.text(x, y, _unescaped(edge["label"]), ha="center", va="center", fontsize=(_DRAWN_SIZE - 1) * scale,
                color=_INK if colour == _EDGE else colour, linespacing=1.15, zorder=3)
