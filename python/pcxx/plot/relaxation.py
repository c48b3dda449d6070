"""How a network relaxes: energies and gradient norms of its nodes over the steps of inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _pcxx as core
from .. import errors, measure
from ..arguments import Batch, Floats, Rule
from . import figures
from .figures import Axes

Measured = core.Trainer | core.Network | measure.Relaxation


def energies(of: Measured, batch: Batch | None = None, *, rule: Rule | None = None, state: core.State | None = None,
             nodes: Sequence[str] | None = None, total: bool = True, log: bool | None = None, ax: Axes | None = None,
             **options: Any) -> Axes:
    """Draws the energy of each node, and their total, over the steps of one batch's relaxation; returns the axes.

    `of`: a Trainer, or a Network with `rule`, whose relaxation of `batch` is measured as measure.relaxation() does, with its
    `state` and `options`; or a Relaxation. `nodes`: the names of those to draw. `log`: whether the axis is one of decades, on which
    zeros are not drawn; None if that suits the numbers. Energies are means over the batch.

    Raises NameError for an unknown node, and what measure.relaxation() raises.
    """
    measured = _measured("energies", of, batch, rule, state, options)
    lines = figures.chosen("energies", measured.energies, nodes)
    ax = _drawn(measured, lines, measured.total if total and nodes is None else None, log, figures.new_axes(ax, "energies"))
    ax.set_ylabel("energy, mean over the batch")
    return ax


def convergence(of: Measured, batch: Batch | None = None, *, rule: Rule | None = None, state: core.State | None = None,
                nodes: Sequence[str] | None = None, total: bool = True, log: bool | None = None, ax: Axes | None = None,
                **options: Any) -> Axes:
    """Draws the norm of the energy's gradient in each free node over the steps of relaxation; returns the axes.

    It falls to 0 where relaxation converges; where it is level or grows, more steps or another rate are due. The total is the root
    of the sum of squares. Arguments and errors as for energies().
    """
    measured = _measured("convergence", of, batch, rule, state, options)
    by_energies = {name: measured.gradients[name] for name in measured.energies if name in measured.gradients}
    lines = figures.chosen("convergence", {**by_energies, **measured.gradients}, nodes)
    ax = _drawn(measured, lines, measured.gradient if total and nodes is None else None, log, figures.new_axes(ax, "convergence"))
    ax.set_ylabel(r"$\Vert\partial E/\partial h\Vert$, mean over the batch")
    return ax


def _measured(who: str, of: Measured, batch: Batch | None, rule: Rule | None, state: core.State | None,
              options: dict[str, Any]) -> measure.Relaxation:
    if isinstance(of, measure.Relaxation):
        if batch is not None or rule is not None or state is not None or options:
            raise errors.ArgumentError(f"[{who}] a Relaxation has been measured already; expected no batch, rule, state or options")
        return of
    if batch is None:
        raise errors.ArgumentError(f"[{who}] there is no batch to relax; expected {{node: array}}, as Trainer.step() takes it")
    return measure.relaxation(of, batch, rule=rule, state=state, **options)


def _drawn(measured: measure.Relaxation, lines: dict[str, Floats], total: Floats | None, log: bool | None, ax: Axes) -> Axes:
    figures.draw_lines(ax, measured.steps, lines, total=total, log=log, order=list(measured.energies))
    for border in measured.steps[1:][np.diff(measured.steps) == 0]:  # between two loops
        ax.axvline(border, color=figures.GREY, linewidth=0.8, linestyle=":")
    figures.whole_ticks(ax)
    ax.set_xlabel("step of inference")
    return ax
