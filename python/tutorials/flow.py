"""Flow: loops and branches of a program, with results that can be worked out by hand."""

# %% [markdown]
# # Flow
# A program is written once, by a Python function that is given a `Flow`, and then runs as often as one likes. So there are two
# kinds of *if*. One of Python decides what is written. A `branch` is part of the program and decides anew whenever it runs.
#
# | PCX | pcxx |
# |---|---|
# | a static flag and Python's `if` under `pxf.jit`: compiled again for each value | Python's `if` in the function that writes the program |
# | `pxf.cond(yes, no)(c, x, p=p)` | `flow.branch(c, yes, no)` |
# | `pxf.switch` | `flow.choose(index, cases)` |
# | `pxf.scan(f, xs)(x, p=p)`, which hands arguments on and returns them | `flow.scan([xs], body)`: what lasts is what the body assigns |
# | `pxf.scan(f, length=n)` | `flow.repeat(n, body)` |
# | `pxf.while_loop(f, condition)(x, count, p=p)` with a counter of one's own | `flow.repeat_while(condition, body, limit)` |
# | `p.set(p * x)`, for `p = p * x` would be another `p` | `flow.assign(p, p * x)` |

# %%
from collections.abc import Callable

import numpy as np

import pcxx


class Number(pcxx.Network):
    """A number that programs change, and eight choices that they may read."""

    def __init__(self) -> None:
        super().__init__()
        self.value = self.parameter("value", (), pcxx.constant(1))
        self.choices = self.parameter("choices", 8, pcxx.zeros())


network = Number()
X = -2.0


def executor_of(write: Callable[[pcxx.Flow], object]) -> pcxx.Executor:
    return pcxx.Executor(network, [], write, network.initialise(seed=0))


def after(write: Callable[[pcxx.Flow], object]) -> float:
    """Returns the number after a program that finds it at 1."""
    executor = executor_of(write)
    executor.state["choices"] = np.array([0, 0, 1, 0, 1, 1, 0, 1])
    executor.run(samples=1)
    return float(executor.state["value"])


# %% [markdown]
# ## Decided when the program is written
# Nothing is left of the flag in the compiled program; `program()` shows what there is.

# %%
def static(flow: pcxx.Flow, up: bool) -> None:
    if up:
        flow.assign(network.value, network.value + 1)
    else:
        flow.assign(network.value, network.value - 1)


print(executor_of(lambda flow: static(flow, up=True)).program())
assert after(lambda flow: static(flow, up=True)) == 2
assert after(lambda flow: static(flow, up=False)) == 0


# %% [markdown]
# ## Decided when it runs
# `subtract_or_multiply` writes both ways into the program. The condition is one number for the batch; where each sample shall go
# its own way, `pcxx.select(condition, a, b)` picks values. Branched twice, the number becomes $(1 - (-2)) \cdot (-2) = -6$.

# %%
def subtract_or_multiply(flow: pcxx.Flow, subtract: pcxx.Tensor) -> None:
    flow.branch(subtract, lambda: flow.assign(network.value, network.value - X),
                lambda: flow.assign(network.value, network.value * X))


def twice(flow: pcxx.Flow) -> None:
    subtract_or_multiply(flow, flow.variable("first", 1) > 0)
    subtract_or_multiply(flow, flow.variable("second", 0) > 0)


print("branched twice:", after(twice))
assert after(twice) == -6


# %% [markdown]
# ## Loops
# A loop stays a loop in the program: it is traced once, and compiles as fast for a million turns as for two. `scan` goes through
# the rows of a sequence and stacks what its body returns.

# %%
def counted(flow: pcxx.Flow) -> None:
    flow.repeat(5, lambda step: flow.assign(network.value, network.value + step))


def scanned(flow: pcxx.Flow) -> None:
    def body(rows: list[pcxx.Tensor]) -> pcxx.Tensor:
        subtract_or_multiply(flow, rows[0] > 0)
        return network.value * 1  # as it is then

    [trace] = flow.scan([network.choices], body)
    flow.output("trace", trace)


print("1 + 0 + 1 + 2 + 3 + 4 =", after(counted))
executor = executor_of(scanned)
executor.state["choices"] = np.array([0, 0, 1, 0, 1, 1, 0, 1])
executor.run(samples=1)
print("scanned:", executor.output("trace"))
assert after(counted) == 11
assert list(executor.output("trace")) == [-2, 4, 6, -12, -10, -8, 16, 18]


# %% [markdown]
# ## Until something is so
# Up to three coins are tossed; the first that shows tails makes the number negative and ends the loop. One executor runs 1024
# times and draws anew each time; about one run in eight ends above zero.

# %%
def tossed(flow: pcxx.Flow) -> None:
    def toss() -> None:
        subtract_or_multiply(flow, flow.random_bernoulli(0.5, (), pcxx.Span.shared) > 0)

    flow.assign(network.value, 1)
    flow.repeat_while(lambda: network.value > 0, toss, limit=3)


executor = executor_of(tossed)
positive = 0
for _ in range(1024):
    executor.run(samples=1)
    positive += int(executor.state["value"] > 0)
print(f"three times heads: {positive / 1024:.3f} of the runs (1/8 = 0.125)")
assert abs(positive / 1024 - 1 / 8) < 0.05
