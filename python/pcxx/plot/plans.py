"""What the compiler made of a program, and where the time of a run goes: timelines, costs, work and memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.patches import Patch, Rectangle

from .. import _pcxx as core
from .. import errors
from . import figures
from .figures import Axes

_KINDS = {"product": "#e69f00", "convolution": "#d55e00", "fused": "#0072b2", "pool": "#cc79a7", "reduction": "#7a5195", "sum": "#56b4e9",
          "pack": "#009e73", "convert": "#9ad0b8", "random": "#4d4d4d", "structure": "#b08d57"}
_STAGES = {"rows": "#d9d9d9", "shared": "#f0f0f0"}
_REST = "between calls, waiting"
_NAME = 40  # letters of a kernel's name that a picture shows
Profiles = core.Profile | Sequence[core.Profile]


def timeline(profile: core.Profile, *, ax: Axes | None = None) -> Axes:
    """Draws what each thread ran when, a bar for each record, coloured by kind; returns the axes.

    Below the threads lie the stages of the plan: in one of 'rows' every tile of rows goes through all its loops, in a 'shared' one
    calls are cut into parts. Where a lane is empty a thread waited, or was between calls. Times are in us or ms since the run began.

    Raises ArgumentError for a profile without records, DTypeError for axes that are none.
    """
    columns = profile.columns()
    if len(columns["call"]) == 0:
        raise errors.ArgumentError("[timeline] the profile has no records; expected one of a program that computes something")
    ax = figures.new_axes(ax, "timeline", width=9, height=1.5 + 0.45 * profile.threads)
    scale, unit = _unit(profile.seconds)
    kinds = np.array([call.kind for call in profile.plan.calls])[columns["call"]]
    start, length = scale * columns["start"], scale * columns["seconds"]
    for thread in range(profile.threads):
        for kind in _present(profile.plan):
            own = (columns["thread"] == thread) & (kinds == kind)
            ax.broken_barh(list(zip(start[own], length[own])), (thread - 0.38, 0.76), color=_KINDS[kind], linewidth=0, label=f"_{kind}")
    lane = float(profile.threads)
    stages = _stages(profile)
    for stage, first, last in stages:
        ax.broken_barh([(scale * first, scale * (last - first))], (lane - 0.25, 0.5), color=_STAGES[stage], edgecolor="#ffffff", linewidth=1)
        if last - first > 0.06 * profile.seconds:
            ax.text(scale * (first + last) / 2, lane, stage, ha="center", va="center", fontsize="small", color="#4d4d4d")
    ax.set_yticks([*range(profile.threads), lane], [*(f"thread {thread}" for thread in range(profile.threads)), "stage"])
    ax.set_ylim(lane + 0.6, -0.6)
    ax.set_xlim(0, scale * profile.seconds)
    ax.set_xlabel(f"time, {unit}")
    busy = float(columns["seconds"].sum()) / (profile.threads * profile.seconds)
    ax.set_title(f"{scale * profile.seconds:.3g} {unit}, {100 * busy:.0f} % of it in calls", fontsize="medium")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    figures.legend(ax, [Patch(color=_KINDS[kind], label=kind) for kind in _present(profile.plan)])
    return ax


def costs(profiles: Profiles, *, by: Literal["call", "kind"] = "call", most: int = 16, ax: Axes | None = None) -> Axes:
    """Draws what calls, or kinds of calls, cost in one run, the dearest first; returns the axes.

    `profiles`: of one executor; of several runs the means are drawn. Bars are the time of all threads together, in us or ms; the
    numbers beside them are shares of the time that the threads had and the speed of one thread. What is left of it, between calls
    and waiting for other threads, is a bar of its own. `most`: so many calls are drawn, the others together as one.

    Raises ArgumentError for other words of `by`, `most` below 1, no profiles or those of different plans.
    """
    runs = [profiles] if isinstance(profiles, core.Profile) else list(profiles)
    if not runs or any(run.plan.samples != runs[0].plan.samples or len(run.plan.calls) != len(runs[0].plan.calls) for run in runs):
        raise errors.ArgumentError("[costs] expected profiles of one executor and one number of samples, at least one")
    if by not in ("call", "kind") or most < 1:
        raise errors.ArgumentError(f"[costs] by='{by}', most={most}; expected by='call' or by='kind', most of at least 1")
    bars = _bars(runs, by, most)
    available = sum(run.threads * run.seconds for run in runs) / len(runs)
    bars.append((_REST, available - sum(seconds for _, seconds, _, _ in bars), 0.0, figures.GREY))
    scale, unit = _unit(max(seconds for _, seconds, _, _ in bars))
    ax = figures.new_axes(ax, "costs", width=9.5 if by == "call" else 6.4, height=0.9 + 0.26 * len(bars))
    drawn = ax.barh([name for name, _, _, _ in bars] if by == "kind" else range(len(bars)), [scale * seconds for _, seconds, _, _ in bars],
                    color=[colour for _, _, _, colour in bars], height=0.72)
    for bar, (_, seconds, flops, _) in zip(drawn, bars):
        speed = f", {flops / seconds / 1e9:.3g} GFLOP/s" if flops > 0 and seconds > 0 else ""
        ax.annotate(f"{100 * seconds / available:.1f} %{speed}", (bar.get_width(), bar.get_y() + bar.get_height() / 2), xytext=(4, 0),
                    textcoords="offset points", va="center", fontsize="small", color="#4d4d4d")
    ax.set_yticks(range(len(bars)), [name for name, _, _, _ in bars], fontsize="small" if by == "call" else "medium")
    ax.invert_yaxis()
    ax.set_xlim(0, 1.42 * scale * max(seconds for _, seconds, _, _ in bars))
    ax.margins(y=0.02)
    ax.set_xlabel(f"time of all threads, {unit}")
    of = "a run" if len(runs) == 1 else f"mean of {len(runs)} runs"
    ax.set_title(f"{of} of {runs[0].plan.samples} samples: {scale * available / runs[0].threads:.3g} {unit}", fontsize="medium")
    figures.grid(ax)
    ax.grid(False, axis="y")
    if by == "call":
        figures.legend(ax, [Patch(color=_KINDS[kind], label=kind) for kind in _present(runs[0].plan)])
    return ax


def work(plan: core.Plan, *, log: bool | None = None, ax: Axes | None = None) -> Axes:
    """Draws the floating-point operations of every call of a plan in one run, in order, coloured by kind; returns the axes.

    Turns of repeats are counted, calls in a repeat lie on grey. `log`: an axis of decades; None for what suits the numbers.

    Raises DTypeError for axes that are none.
    """
    ax = figures.new_axes(ax, "work", width=9, height=3.2)
    flops = np.array([call.repeats * call.flops for call in plan.calls])
    for block in plan.blocks:
        if block.kind in ("repeat", "while"):
            ax.axvspan(block.first_call - 0.5, block.end_call - 0.5, color="#ececec", linewidth=0, zorder=0)
            ax.annotate(f"{block.count} x" if block.kind == "repeat" else "while", (block.first_call - 0.4, 1), xytext=(2, -10),
                        xycoords=("data", "axes fraction"), textcoords="offset points", fontsize="small", color="#4d4d4d")
    ax.bar(range(len(flops)), flops, color=[_KINDS[call.kind] for call in plan.calls], width=0.86)
    if log or (log is None and figures.suits_log([flops[flops > 0]])):
        figures.set_log(ax, [flops])
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom, top * (6 if ax.get_yscale() == "log" else 1.12))  # room for the turns of loops
    ax.set_xlim(-0.7, len(flops) - 0.3)
    ax.set_xlabel("call of the plan")
    ax.set_ylabel("FLOPs in a run")
    ax.set_title(f"{plan.flops:.4g} FLOPs for {plan.samples} samples", fontsize="medium")
    figures.whole_ticks(ax)
    figures.grid(ax)
    figures.legend(ax, [Patch(color=_KINDS[kind], label=kind) for kind in _present(plan)])
    return ax


def memory(plan: core.Plan, *, of: Literal["tile", "batch"] = "tile", ax: Axes | None = None) -> Axes:
    """Draws which variable has which bytes during which calls, a rectangle for each; returns the axes.

    `of`: 'tile', the scratch that a thread uses for one tile of rows after the other; or 'batch', what outlives a tile: rows of all
    samples, sums that tiles leave, what the samples share. Places are used again as soon as nobody needs them.

    Raises ArgumentError for other words of `of`, DTypeError for axes that are none.
    """
    if of not in ("tile", "batch"):
        raise errors.ArgumentError(f"[memory] of='{of}'; expected 'tile' or 'batch'")
    ax = figures.new_axes(ax, "memory", width=9, height=3.6)
    arenas = ("tile",) if of == "tile" else ("batch", "tiles", "shared")
    total = plan.tile_bytes if of == "tile" else plan.batch_bytes
    scale, unit = next((scale, unit) for scale, unit, most in ((1, "bytes", 4e3), (1e-3, "kB", 4e6), (1e-6, "MB", np.inf)) if total <= most)
    colours = dict(zip(("tile", "batch", "tiles", "shared"), ("#9ecae1", "#9ecae1", "#fdd0a2", "#c7e9c0")))
    for variable in plan.variables:
        if variable.arena in arenas:
            width, height = variable.last_call - variable.first_call + 1, scale * variable.bytes
            left, bottom = variable.first_call - 0.5, scale * variable.offset
            ax.add_patch(Rectangle((left, bottom), width, height, facecolor=colours[variable.arena], edgecolor="#ffffff", linewidth=0.8))
            letters = int(110 * width / max(len(plan.calls), 1))  # that fit into a rectangle so wide
            if height >= 0.06 * scale * total and letters >= 5:
                name = variable.name if len(variable.name) <= letters else variable.name[:letters - 1] + "…"
                ax.text(left + width / 2, bottom + height / 2, name, ha="center", va="center", fontsize="x-small", clip_on=True)
    ax.set_xlim(-0.5, len(plan.calls) - 0.5)
    ax.set_ylim(0, 1.02 * scale * max(total, 1))
    ax.set_xlabel("call of the plan")
    ax.set_ylabel(f"offset, {unit}")
    ax.set_title(f"scratch for a tile of {plan.tile_rows} rows: {scale * total:.4g} {unit} a thread" if of == "tile" else
                 f"what outlives a tile, for {plan.samples} samples: {scale * total:.4g} {unit}", fontsize="medium")
    figures.whole_ticks(ax)
    figures.grid(ax)
    names = {"batch": "rows of all samples", "tiles": "sums of tiles", "shared": "shared"}
    figures.legend(ax, [Patch(color=colours[arena], label=names[arena]) for arena in arenas if arena in names])
    return ax


def _unit(seconds: float) -> tuple[float, str]:
    """Returns a factor and the name of the unit in which a time is written."""
    return (1e6, "us") if seconds < 1e-3 else (1e3, "ms")


def _present(plan: core.Plan) -> list[str]:
    """Returns the kinds that a plan has, in the order of the colours."""
    there = {call.kind for call in plan.calls}
    return [kind for kind in _KINDS if kind in there]


def _stages(profile: core.Profile) -> list[tuple[str, float, float]]:
    """Returns kind, start and end in seconds of every stage, each time that it ran, by start."""
    columns = profile.columns()
    innermost = {place: next(block for block in reversed(call.blocks) if profile.plan.blocks[block].kind in _STAGES)
                 for place, call in enumerate(profile.plan.calls)}
    stage = np.array([innermost[call] for call in columns["call"]])
    end = columns["start"] + columns["seconds"]
    result = []
    # Threads meet between stages, so records of one stage follow each other.
    cuts = np.flatnonzero(np.diff(stage)) + 1
    for first, last in zip([0, *cuts], [*cuts, len(stage)]):
        result.append((str(profile.plan.blocks[stage[first]].kind), float(columns["start"][first]), float(end[first:last].max())))
    return result


def _bars(runs: list[core.Profile], by: str, most: int) -> list[tuple[str, float, float, str]]:
    """Returns name, seconds, FLOPs in a run and colour of what is drawn, the dearest first."""
    calls = runs[0].plan.calls
    sums: dict[str, list[float]] = {}
    colours = {}
    for run in runs:
        for cost in run.costs():
            call = calls[cost.call]
            name = call.kind if by == "kind" else _short(runs[0].plan, cost.call)
            total = sums.setdefault(name, [0.0, 0.0])
            total[0] += cost.seconds / len(runs)
            total[1] += cost.flops / len(runs)
            colours[name] = _KINDS[call.kind]
    bars = sorted(((name, seconds, flops, colours[name]) for name, (seconds, flops) in sums.items()), key=lambda bar: -bar[1])
    if by == "kind" or len(bars) <= most:
        return bars
    rest = bars[most:]
    return [*bars[:most], (f"{len(rest)} other calls", sum(bar[1] for bar in rest), sum(bar[2] for bar in rest), "#cfcfcf")]


def _short(plan: core.Plan, place: int) -> str:
    """Returns a call's place, kernel and first result, cut to fit beside a picture."""
    call = plan.calls[place]
    name = f"{place}: {call.name}"
    name = name if len(name) <= _NAME else name[:_NAME - 1] + "…"
    written = plan.variables[call.writes[0]].name if call.writes else ""
    room = _NAME + 12 - len(name)
    return f"{name} → {written if len(written) <= room else written[:room - 1] + '…'}"
