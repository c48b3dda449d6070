"""Draws the figures of docs/concepts.md into docs/figures: `PYTHONPATH=build/python python docs/site/figures.py`.

The second figure is a run on the reference backend in f64, so the same numbers come out everywhere.
"""

import math
import pathlib

FIGURES = pathlib.Path(__file__).resolve().parents[1] / "figures"
COLOURS = ("#2563eb", "#0d9488", "#d97706", "#db2777", "#7c3aed")  # of curves, on white and on black
# One grey for both themes: a picture cannot see which one a reader has chosen on the page.
STYLE = """<style>
  text { font: 14px sans-serif; fill: #737c8b } .small { font-size: 12px } .end { text-anchor: end } .middle { text-anchor: middle }
  .line { stroke: #6b7280; stroke-width: 1.5; fill: none } .grid { stroke: #9ca3af; stroke-opacity: 0.35 }
  .free { fill: none; stroke: #2563eb; stroke-width: 2 } .data { fill: #9ca3af; fill-opacity: 0.3; stroke: #6b7280; stroke-width: 2 }
  .error { stroke: #db2777; stroke-width: 1.5; fill: none } .error-text { fill: #db2777 }
</style>"""


def drawing(width: int, height: int, title: str, parts: list[str]) -> str:
    """Returns an SVG file whose lengths are pixels; `title` is what is read where nothing can be seen."""
    arrows = "".join(f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
                     f'<path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>' for name, colour in (("to", "#6b7280"), ("back", "#db2777")))
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
            f"\n<title>{title}</title>\n{STYLE}\n<defs>{arrows}</defs>")
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{words}</text>'


def path(data: str, style: str, more: str = "") -> str:
    return f'<path d="{data}" class="{style}" {more}/>'


def chain() -> str:
    """Returns four nodes in a row: predictions go up the chain, errors come back."""
    names, centres, level = ("point", "low", "high", "label"), (70, 275, 480, 685), 120
    parts = []
    for i, (name, x) in enumerate(zip(names, centres)):
        given = i in (0, 3)
        parts += [f'<rect x="{x - 52}" y="{level - 28}" width="104" height="56" rx="12" class="{"data" if given else "free"}"/>',
                  text(x, level - 4, name, "middle"), text(x, level + 15, f"h{chr(0x2080 + i)}" + (", data" if given else ""), "small middle")]
        if i == 0:
            continue
        below, index, under = centres[i - 1], chr(0x2080 + i), chr(0x2080 + i - 1)
        parts += [path(f"M{below + 54} {level} H{x - 56}", "line", 'marker-end="url(#to)"'),
                  text((below + x) / 2, level + 22, f"u{index} = f(h{under})", "small middle"),
                  text(x, level - 76, f"ε{index} = h{index} − u{index}", "middle error-text")]
        if not given:
            parts.append(path(f"M{x} {level - 68} V{level - 34}", "error", 'marker-end="url(#back)"'))
        if i > 1:
            parts.append(path(f"M{x - 62} {level - 80} C{x - 110} {level - 84} {below + 60} {level - 70} {below + 34} {level - 33}", "error",
                              'marker-end="url(#back)"'))
    parts += [text(x, level + 56, "clamped" if i in (0, 3) else "free: it relaxes", "small middle") for i, x in enumerate(centres)]
    return drawing(760, 196, "A chain of four nodes. Each predicts the next; the error of each moves its own value and the one below.", parts)


def energies(hidden: int = 4, steps: int = 16) -> dict[str, list[float]]:
    """Returns the mean energy of each node of a chain after 0, 1, ... steps of relaxation from the forward pass."""
    import pcxx

    class Chain(pcxx.Network):
        def __init__(self) -> None:
            super().__init__()
            self.point = below = self.node("point", 2)
            for i in range(1, hidden + 1):
                below = self.node(f"hidden {i}", 16, pcxx.tanh(pcxx.linear(below, 16)))
            self.label = self.node("label", 2, pcxx.linear(below, 2))

    network, data = Chain(), pcxx.two_moons(samples=64, noise=0.2, seed=42)
    names = [name for name, _ in network.energies()]

    def watched(flow: pcxx.Flow) -> None:
        flow.enter("start")
        values = flow.optimiser(pcxx.sgd(0.2), flow.free_nodes())

        def observed() -> list[pcxx.Tensor]:
            return [pcxx.batch_mean(energy) for _, energy in network.energies()]

        def step(_: pcxx.Tensor) -> list[pcxx.Tensor]:
            values.step(flow.gradient(network.energy(), flow.free_nodes()))
            return observed()

        for name, first in zip(names, observed()):
            flow.output(f"first {name}", first)
        for name, later in zip(names, flow.scan(steps, step)):
            flow.output(name, later)

    executor = pcxx.Executor(network, [network.point, network.label], watched, device="reference", precision="f64")
    executor.run({network.point: data.inputs.astype("f8"), network.label: data.one_hot().astype("f8")})
    return {name: [float(executor.output(f"first {name}")), *map(float, executor.output(name))] for name in names}


def wavefront() -> str:
    """Returns the energies of a chain against steps of relaxation, on a logarithmic scale."""
    curves = energies()
    left, right, top, bottom, lowest, steps = 70, 640, 24, 300, -9, len(curves["label"]) - 1

    def x(step: float) -> float:
        return left + (right - left) * step / steps

    def y(energy: float) -> float:
        return top + (bottom - top) * math.log10(energy) / lowest

    parts = []
    for power in range(0, lowest - 1, -2):
        parts += [path(f"M{left} {y(10.0 ** power):.1f} H{right}", "grid"),
                  text(left - 10, y(10.0 ** power) + 5, f"10<tspan dy='-5' font-size='10'>{str(power).replace('-', '−')}</tspan>" if power else "1",
                       "small end")]
    for step in range(0, steps + 1, 4):
        parts.append(text(x(step), bottom + 20, str(step), "small middle"))
    parts += [text((left + right) / 2, bottom + 42, "steps of relaxation", "small middle"), text(8, top - 8, "mean energy", "small")]
    label = -math.inf  # where the last one stands
    for (name, values), colour in zip(reversed(curves.items()), COLOURS):
        points = [(x(step), y(value)) for step, value in enumerate(values) if value > 0]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        label = max(points[-1][1] + 5, label + 17)
        parts += [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
                  f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="4" fill="{colour}"/>',
                  f'<text x="{right + 10}" y="{label:.1f}" style="fill: {colour}">{name}</text>']
    return drawing(740, 350, "Energy of each node against steps. The error arrives one node further down at each step.", parts)


if __name__ == "__main__":
    FIGURES.mkdir(exist_ok=True)
    for draw in (chain, wavefront):
        (FIGURES / f"{draw.__name__}.svg").write_text(draw(), encoding="utf-8")
