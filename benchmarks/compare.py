#!/usr/bin/env python3
"""Times pcxx and its peers on the same work in one run and prints Markdown tables of ratios.

  benchmarks/compare.py --pcxx build/pcxx --peers DIR --python PYTHON [--probe BINARY] [--rounds 3]
                        [--only moons,mlp128,mlp512,mlp1024,fmnist,vgg5,accuracy]
                        [--json FILE] [--into README.md]

DIR holds pcx_reference.py, deepity_reference.py and torch_reference.py; each prints one JSON object
a line. PYTHON has what they import. BINARY takes WIDTH BATCH T and prints such a line, too. What is
missing is left out and named below the table. All programs take turns, in an order that alternates
from round to round, each in a process of its own; a ratio is pcxx's median of medians over the
other's. `accuracy` trains the whole recipes for seeds 0 to 2: it takes minutes, so it is only done
when it is asked for. --into also writes the tables between the two comments that FILE has for them.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECIPES = {"PC-SE": "recipes/fashion_mnist_mlp.toml", "BP-SE": "recipes/fashion_mnist_mlp_bp.toml"}
FMNIST_EPOCHS = 3  # the first one is not counted: others compile in it
SEEDS = (0, 1, 2)
TIME_LIMIT = 3600
BUSY = 0.5  # load average for each core above which nothing is measured
FIRST_STEP_BOUND = 0.05
BEYOND_BOUND = 0.1  # of the first step over a later one, where one takes long
BEGIN, END = "<!-- compare: begin -->", "<!-- compare: end -->"
ACCURACY_BOUND = 0.893


@dataclasses.dataclass
class Work:
    """One row of the table: what everybody does, and how large pcxx's ratio to each may be."""

    name: str
    text: str
    arguments: list  # of `pcxx bench`, and of the peers' scripts
    probe: list = dataclasses.field(default_factory=list)  # arguments; empty: it cannot do this
    bounds: dict = dataclasses.field(default_factory=dict)
    columns: str = "dense"  # the table that it stands in
    repeat: list = dataclasses.field(default_factory=list)  # of pcxx and PyTorch: steps to time


def mlp(width, steps, **bounds):
    options = ["--width", str(width), "--batch", "256", "--steps", str(steps)]
    return Work(f"mlp{width}", f"784-{width}×3-10, B=256, T={steps}", ["mlp", *options],
                probe=[str(width), "256", str(steps)], bounds=bounds)


WORKS = [
    Work("moons", "two moons, 2-32-32-2, B=32, T=8", ["moons"], bounds={"pcx": 0.12}),
    mlp(128, 8, pcx=0.45, deepity=0.75, probe=1.25),
    mlp(512, 8, pcx=0.85, probe=1.15, bf16=0.55),
    mlp(1024, 20, pcx=1.0, bf16=0.65),
    Work("fmnist", "an epoch of Fashion-MNIST, 784-128×3-10, B=128, T=5", ["fmnist"],
         bounds={"pcx": 0.35}),
    Work("vgg5", "VGG-5 on noise, B=32, T=5", ["vgg5", "--batch", "32", "--steps", "5"],
         bounds={"pcx": 0.33, "bf16": 0.20, "torch-pc": 0.50, "bf16/torch-pc": 0.30, "bp": 1.0},
         columns="pictures", repeat=["--repeat", "20"]),
]

# Heading, what is divided, by what, and the name of the bound.
COLUMNS = {
    "dense": [("÷ PCX", "pcxx", "pcx", "pcx"), ("÷ Deepity", "pcxx", "deepity", "deepity"),
              ("÷ probe", "pcxx", "probe", "probe"), ("bf16 ÷ PCX", "bf16", "pcx", "bf16"),
              ("÷ PyTorch PC", "pcxx", "torch-pc", "torch-pc")],
    "pictures": [("÷ PCX", "pcxx", "pcx", "pcx"), ("bf16 ÷ PCX", "bf16", "pcx", "bf16"),
                 ("÷ PyTorch PC", "pcxx", "torch-pc", "torch-pc"),
                 ("bf16 ÷ PyTorch PC", "bf16", "torch-pc", "bf16/torch-pc"),
                 ("BP ÷ PyTorch BP", "bp", "torch-bp", "bp")],
}


# --- running programs


class Missing(Exception):
    """A program that is not there or does not work."""


def lines_of(command):
    """Runs a command in the project's folder; returns the JSON objects that it prints."""
    result = subprocess.run(command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=TIME_LIMIT, check=False)
    if result.returncode != 0:
        said = result.stderr.strip() or result.stdout.strip() or "no message"
        raise Missing(f"ended with status {result.returncode}: {said.splitlines()[-1]}")
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def epochs_as_times(system, epochs):
    """Returns a timing line from epoch records of one run, the first epoch left out."""
    milliseconds = [1e3 * each["seconds"] for each in epochs[1:]]
    return {"system": system, "work": "fmnist", "median_ms": statistics.median(milliseconds),
            "min_ms": min(milliseconds), "test_accuracy": epochs[-1]["test_accuracy"]}


class Programs:
    """The programs that take part, each a function from a work to timing lines by system."""

    def __init__(self, options):
        self.options = options
        self.pcxx_path = str(pathlib.Path(options.pcxx).resolve())

    def script(self, name):
        if self.options.peers is None:
            raise Missing("no --peers")
        path = pathlib.Path(self.options.peers).resolve() / f"{name}_reference.py"
        if not path.exists():
            raise Missing(f"{path.name} is not in the folder of --peers")
        return [self.options.python, str(path)]

    def train(self, recipe, *sets):
        """Returns the epoch records of a training run, as its log has them."""
        with tempfile.TemporaryDirectory() as folder:
            settings = [word for each in sets for word in ("--set", each)]
            lines_of([self.pcxx_path, "train", recipe, *settings, "--out", folder])
            records = (pathlib.Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines()
        return [record for record in map(json.loads, records) if record["event"] == "epoch"]

    def pcxx(self, work):
        if work.name == "fmnist":
            epochs = self.train(RECIPES["PC-SE"], f"epochs={FMNIST_EPOCHS}")
            return {"pcxx": epochs_as_times("pcxx", epochs)}
        return {"pcxx": self.bench(work)}

    def bench(self, work, *options):
        return lines_of([self.pcxx_path, "bench", *work.arguments, *work.repeat, *options])[-1]

    def bf16(self, work):
        return {"bf16": self.bench(work, "--precision", "bf16")} if "bf16" in work.bounds else {}

    def bp(self, work):
        return {"bp": self.bench(work, "--rule", "bp")} if "bp" in work.bounds else {}

    def pcx(self, work):
        if work.name == "fmnist":
            options = ["fmnist", "--epochs", str(FMNIST_EPOCHS)]
            epochs = lines_of([*self.script("pcx"), *options])
            return {"pcx": epochs_as_times("pcx", epochs)}
        return {"pcx": lines_of([*self.script("pcx"), *work.arguments])[-1]}

    def deepity(self, work):
        if not work.probe:
            return {}
        return {"deepity": lines_of([*self.script("deepity"), *work.arguments[1:]])[-1]}

    def torch(self, work):
        if not work.probe and not work.repeat:
            return {}
        threads = ["--threads", str(os.cpu_count())]
        lines = lines_of([*self.script("torch"), *work.arguments, *work.repeat, *threads])
        return {line["system"]: line for line in lines}

    def probe(self, work):
        if not work.probe:
            return {}
        if self.options.probe is None:
            raise Missing("no --probe")
        binary = str(pathlib.Path(self.options.probe).resolve())
        return {"probe": lines_of([binary, *work.probe])[-1]}


FAILURES = (Missing, OSError, subprocess.TimeoutExpired, IndexError, ValueError, KeyError)
ORDER = ("pcxx", "pcx", "deepity", "probe", "bf16", "bp", "torch")


def measure(works, programs, rounds, say):
    """Returns raw lines, each with its work and round, and why programs were left out."""
    raw, missing = [], {}
    for round_number in range(rounds):
        order = ORDER if round_number % 2 == 0 else ORDER[::-1]
        for work in works:
            for name in order:
                if name in missing:
                    continue
                say(f"round {round_number + 1} of {rounds}: {work.name}, {name}")
                try:
                    lines = getattr(programs, name)(work)
                except FAILURES as error:
                    if name == "pcxx":
                        raise SystemExit(f"[compare] pcxx on {work.name}: {error}") from error
                    missing[name] = f"{name}: {error}"
                    continue
                raw += [dict(line, column=system, row=work.name, round=round_number)
                        for system, line in lines.items()]
    return raw, list(missing.values())


# --- tables


def collected(raw, row, column, key):
    return [line[key] for line in raw
            if line["row"] == row and line["column"] == column and key in line]


def time_text(milliseconds):
    if milliseconds >= 500:
        return f"{milliseconds / 1e3:.2f} s"
    return f"{milliseconds:.3g} ms"


def ratio_text(raw, work, column, bound=None, of="pcxx"):
    """Returns "0.31 (min 0.30) ≤ 0.45", with a cross where the bound is missed."""
    def times(name, key):
        return collected(raw, work.name, name, key)

    if not times(of, "median_ms") or not times(column, "median_ms"):
        return "–" if bound is None else f"– ≤ {bound:g}"
    ratio = statistics.median(times(of, "median_ms")) / statistics.median(times(column, "median_ms"))
    least = min(times(of, "min_ms")) / min(times(column, "min_ms"))
    text = f"{ratio:.2f} (min {least:.2f})"
    if bound is None:
        return text
    return f"{text} ≤ {bound:g}" if ratio <= bound else f"**{text} > {bound:g}** ✗"


def table(rows):
    """Returns rows of cells as Markdown; the first row is the heading."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)


def first_step_text(raw, work):
    """Returns the slowest first step of all rounds, in seconds."""
    first = collected(raw, work.name, "pcxx", "first_step_s")
    if not first:
        return "–"
    if work.columns == "pictures":  # a step alone takes longer than the bound
        beyond = max(first) - statistics.median(collected(raw, work.name, "pcxx", "median_ms")) / 1e3
        text = f"{max(first):.3f}, {beyond:.3f} beyond a later one"
        return text if beyond <= BEYOND_BOUND else f"**{text} > {BEYOND_BOUND:g}** ✗"
    text = f"{max(first):.3f}"
    return text if max(first) <= FIRST_STEP_BOUND else f"**{text} > {FIRST_STEP_BOUND:g}** ✗"


def times_table(raw, works):
    """Returns a table for each set of columns that the works need."""
    return "\n\n".join(one_table(raw, [work for work in works if work.columns == columns], COLUMNS[columns])
                       for columns in dict.fromkeys(work.columns for work in works))


def one_table(raw, works, columns):
    rows = [["work", "pcxx", "PCX", *(heading for heading, *_ in columns), "first step, s"]]
    for work in works:
        times = [collected(raw, work.name, name, "median_ms") for name in ("pcxx", "pcx")]
        shown = [time_text(statistics.median(each)) if each else "–" for each in times]
        ratios = [ratio_text(raw, work, by, work.bounds.get(bound), of=of) for _, of, by, bound in columns]
        rows.append([work.text, *shown, *ratios, first_step_text(raw, work)])
    return table(rows)


def accuracy_table(programs, say):
    """Trains the recipes for every seed; returns the table of last accuracies and the records."""
    rows = [["Fashion-MNIST, last epoch", *(f"seed {seed}" for seed in SEEDS), "mean", "bound",
             "s an epoch"]]
    raw = []
    for name, recipe in RECIPES.items():
        final, seconds = [], []
        for seed in SEEDS:
            say(f"accuracy: {name}, seed {seed}")
            epochs = programs.train(recipe, f"seed={seed}")
            raw += [dict(epoch, column="pcxx", row=f"accuracy {name}", seed=seed)
                    for epoch in epochs]
            final.append(epochs[-1]["test_accuracy"])
            seconds += [epoch["seconds"] for epoch in epochs]
        bound = f"≥ {ACCURACY_BOUND:g}" if name == "PC-SE" else "–"
        rows.append([name, *(f"{value:.4f}" for value in final), f"{statistics.mean(final):.4f}",
                     bound, f"{statistics.median(seconds):.2f}"])
    return table(rows), raw


# --- the machine


def cpu_model():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.lower().startswith(("model name", "hardware")):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def stamp(programs, raw):
    """Returns what numbers depend on besides the code."""
    versions = {key: line[key] for line in raw for key in ("jax", "torch", "version") if key in line}
    if "version" in versions:
        versions["deepity"] = versions.pop("version")
    for name, command in (("pcxx", [programs.pcxx_path, "--version"]),
                          ("commit", ["git", "rev-parse", "--short", "HEAD"])):
        result = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)
        versions[name] = result.stdout.strip() or "unknown"
    return {"cpu": cpu_model(), "cores": os.cpu_count(), "system": platform.platform(),
            "date": datetime.date.today().isoformat(), **versions}


def busy():
    """Returns a sentence if something else is running, else nothing."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    if load <= BUSY * cores:
        return ""
    return f"load average {load:.1f} on {cores} cores; expected at most {BUSY * cores:g}"


def place(text, path):
    """Puts a text between the comments of a Markdown file that say where tables belong."""
    document = pathlib.Path(path).read_text(encoding="utf-8")
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"[compare] {path} lacks '{BEGIN}' and '{END}' around the place for tables")
    pathlib.Path(path).write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pcxx", default="build/pcxx", help="the binary (build/pcxx)")
    parser.add_argument("--peers", help="folder of the peers' scripts: <peer>_reference.py")
    parser.add_argument("--python", default=sys.executable, help="the Python that has their imports")
    parser.add_argument("--probe", help="the compiled mlp_probe")
    known = [work.name for work in WORKS]
    parser.add_argument("--only", help=f"comma-separated: {', '.join(known)}, accuracy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="file for the raw lines and the machine they come from")
    parser.add_argument("--into", help="Markdown file to write the tables into")
    parser.add_argument("--busy", action="store_true", help="measure on a busy machine, too")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",") if options.only else known
    unknown = [name for name in options.only if name not in [*known, "accuracy"]]
    if unknown or options.rounds < 1:
        parser.error(f"unknown work {', '.join(unknown)}" if unknown else "expected at least 1 round")
    return options


def main(arguments=None):
    options = parsed(arguments)
    warning = busy()
    if warning and not options.busy:
        print(f"[compare] {warning}; wait until the machine is idle, or say --busy", file=sys.stderr)
        return 2
    programs = Programs(options)
    works = [work for work in WORKS if work.name in options.only]

    def say(text):
        print(f"[compare] {text}", file=sys.stderr, flush=True)

    raw, missing = measure(works, programs, options.rounds, say)
    texts = [times_table(raw, works)] if works else []
    if "accuracy" in options.only:
        accuracies, more = accuracy_table(programs, say)
        texts.append(accuracies)
        raw += more
    machine = stamp(programs, raw)
    notes = [", ".join(f"{key} {value}" for key, value in machine.items())]
    if works:
        notes.append(f"Median of {options.rounds} medians (min: the best of each), in alternating "
                     "order, one process each. Bounds are the project's own.")
    notes += [f"Left out: {'; '.join(missing)}."] if missing else []
    notes += [f"**Measured on a busy machine: {warning}.**"] if warning else []
    tables = "\n\n".join([*texts, *notes])
    print(tables)
    if options.into:
        place(tables, options.into)
    if options.json:
        record = {"machine": machine, "busy": warning, "left_out": missing, "lines": raw}
        text = json.dumps(record, indent=1) + "\n"
        pathlib.Path(options.json).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
