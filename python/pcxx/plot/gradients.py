"""What weights are taught: gradient norms of each layer, and their directions beside backpropagation's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _pcxx as core
from .. import errors, measure
from ..arguments import Batch, Floats, Rule
from . import figures
from .figures import Axes

Measured = core.Trainer | core.Network | measure.WeightGradients | Sequence[measure.WeightGradients]


def gradient_norms(of: Measured, batch: Batch | None = None, *, rule: Rule | None = None, state: core.State | None = None,
                   over: str | None = None, steps: npt.ArrayLike | None = None, layers: Sequence[str] | None = None,
                   log: bool | None = None, ax: Axes | None = None, **options: Any) -> Axes:
    """Draws the norms of each layer's weight gradients; returns the axes.

    `of`: a Trainer, or a Network with `rule`, which is measured on `batch` as measure.weight_gradients() does, with its `state` and
    `options`; or WeightGradients, or a sequence of them, taken during training after so many `steps` (0, 1, ... if nothing is said).
    `over`: 'layers', bars beside those of backpropagation; 'steps', lines over the steps of inference, of what would be taught if
    relaxation ended there; 'training', lines over a sequence. `layers`: the names of those to draw.

    Raises NameError for an unknown layer, ArgumentError for another `over` than what was measured allows, and what
    measure.weight_gradients() raises.
    """
    who = "gradient_norms"
    measured, over = _measured(who, of, batch, rule, state, options, over, "layers")
    if over == "layers":
        bars = {"the rule's": figures.chosen(who, _floats(measured[0].taught), layers),
                "backpropagation's": figures.chosen(who, _floats(measured[0].backpropagation), layers)}
        ax = _bars(bars, log, figures.new_axes(ax, who))
    else:
        lines = _over(who, measured, over, "norm_over_steps", "taught", layers)
        ax = _lines(who, measured, over, lines, steps, log, figures.new_axes(ax, who))
    ax.set_ylabel("norm of the weight gradient")
    return ax


def cosines(of: Measured, batch: Batch | None = None, *, rule: Rule | None = None, state: core.State | None = None,
            over: str | None = None, steps: npt.ArrayLike | None = None, layers: Sequence[str] | None = None, ax: Axes | None = None,
            **options: Any) -> Axes:
    """Draws the cosines of the angles between each layer's weight gradients and backpropagation's; returns the axes.

    `over`: 'steps' of inference, if the rule has any; 'layers', bars; 'training', for a sequence. 1 is backpropagation's direction;
    a layer that no error has reached yet has no direction, and nothing is drawn. Other arguments and errors as for
    gradient_norms().
    """
    who = "cosines"
    measured, over = _measured(who, of, batch, rule, state, options, over, "steps")
    if over == "layers":
        drawn = figures.chosen(who, _floats(measured[0].cosine), layers)
        ax = _bars({"": drawn}, False, figures.new_axes(ax, who))
    else:
        drawn = _over(who, measured, over, "cosine_over_steps", "cosine", layers)
        ax = _lines(who, measured, over, drawn, steps, False, figures.new_axes(ax, who))
    negative = any(bool(np.any(each < 0)) for each in drawn.values())
    ax.set_ylim(-1.05 if negative else 0, 1.05)
    if negative:
        ax.axhline(0, color=figures.GREY, linewidth=0.8)
    ax.set_ylabel("cosine to backpropagation")
    return ax


def _measured(who: str, of: Measured, batch: Batch | None, rule: Rule | None, state: core.State | None,
              options: dict[str, Any], over: str | None, usual: str) -> tuple[list[measure.WeightGradients], str]:
    """Returns what is to be drawn, and over what."""
    if isinstance(of, (core.Trainer, core.Network)):
        if batch is None:
            raise errors.ArgumentError(f"[{who}] there is no batch to learn from; expected {{node: array}}, as Trainer.step() takes it")
        measured = [measure.weight_gradients(of, batch, rule=rule, state=state, **options)]
    else:
        measured = [of] if isinstance(of, measure.WeightGradients) else list(of)
        if batch is not None or rule is not None or state is not None or options:
            raise errors.ArgumentError(f"[{who}] WeightGradients have been measured already; expected no batch, rule, state or options")
        if not measured or not all(isinstance(each, measure.WeightGradients) for each in measured):
            raise errors.DTypeError(f"[{who}] is asked of something else than WeightGradients; expected a Trainer, a Network and a "
                                    "rule, WeightGradients or a sequence of them")
    has_steps = len(measured[0].steps) > 0
    if over is None:
        is_sequence = not isinstance(of, (core.Trainer, core.Network, measure.WeightGradients))
        over = "training" if is_sequence else usual if has_steps else "layers"
    if over not in ("layers", "steps", "training") or over != "training" and len(measured) > 1:
        raise errors.ArgumentError(f"[{who}] over='{over}' of {len(measured)} measurements; expected 'layers' or 'steps' of one, or "
                                   "'training' of several")
    if over == "steps" and not has_steps:
        raise errors.ArgumentError(f"[{who}] over='steps', but the rule has no loop; expected 'layers', or a rule that relaxes")
    return measured, over


def _over(who: str, measured: list[measure.WeightGradients], over: str, over_steps: str, once: str,
          layers: Sequence[str] | None) -> dict[str, Floats]:
    """Returns a line for each layer: over the steps of inference, or what each measurement has once."""
    if over == "steps":
        return figures.chosen(who, getattr(measured[0], over_steps), layers)
    known = {layer: np.array([getattr(each, once)[layer] for each in measured]) for layer in getattr(measured[0], once)}
    return figures.chosen(who, known, layers)


def _lines(who: str, measured: list[measure.WeightGradients], over: str, lines: dict[str, Floats], steps: npt.ArrayLike | None,
           log: bool | None, ax: Axes) -> Axes:
    x: npt.NDArray[Any] = measured[0].steps if over == "steps" else np.arange(len(measured)) if steps is None else np.asarray(steps)
    if over == "training" and x.shape != (len(measured),):
        raise errors.ShapeError(f"[{who}] steps are {x.shape}; expected ({len(measured)},), one for each measurement")
    figures.draw_lines(ax, x, lines, log=log)
    figures.whole_ticks(ax)
    ax.set_xlabel("step of inference" if over == "steps" else "step of training")
    return ax


def _bars(groups: dict[str, dict[str, Floats]], log: bool | None, ax: Axes) -> Axes:
    """Draws a group of bars for each layer."""
    layers = list(next(iter(groups.values())))
    width = 0.8 / len(groups)
    handles = []
    for i, ((name, values), colour) in enumerate(zip(groups.items(), figures.colours(len(groups)))):
        places = np.arange(len(layers)) + (i - (len(groups) - 1) / 2) * width
        handles.append(ax.bar(places, [float(value) for value in values.values()], 0.92 * width, color=colour, label=name))
    everything = [np.array(list(values.values())) for values in groups.values()]
    if log or (log is None and figures.suits_log(everything)):
        figures.set_log(ax, everything)
    figures.grid(ax)
    ax.grid(False, axis="x")
    if len(groups) > 1:
        figures.legend(ax, handles)
    crowded = len(layers) * max(map(len, layers), default=0) > 60
    ax.set_xticks(range(len(layers)), layers, rotation=45 if crowded else 0, ha="right" if crowded else "center",
                  rotation_mode="anchor" if crowded else "default")
    ax.set_xlabel("layer")
    return ax


def _floats(values: dict[str, float]) -> dict[str, Floats]:
    return {name: np.asarray(value, np.float64) for name, value in values.items()}
