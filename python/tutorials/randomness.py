"""Randomness: what a seed fixes, which draws differ, and that threads do not matter."""

# %% [markdown]
# # Randomness
# Random numbers are counted, not carried along: each draw is a function of the seed, of where in the program it stands, of the
# run, the turn of the loop and the sample (Philox, Salmon et al. 2011). So there is no generator to split, seed inside a compiled
# function or hand around, and the number of threads changes nothing.
#
# | PCX | pcxx |
# |---|---|
# | `px.RKG.seed(0)`, one generator for the process | `network.initialise(seed=0)`, `Trainer(..., seed=0)`, `Executor(..., seed=0)`: each its own |
# | a `RandomKeyGenerator` passed to a layer | nothing to pass: the seed and the parameter's place decide |
# | `jax.random.uniform(px.RKG(), shape)` within a compiled function | `flow.random_uniform(shape)` |
# | `vmap` splits the global generator: a draw for each sample | `Span.per_sample`, which is the default |
# | a generator that `vmap` is told not to split: one draw for all | `Span.shared` |
# | split and merge a generator's key by hand | does not arise |

# %%
import numpy as np
import numpy.typing as npt

import pcxx


class Noise(pcxx.Network):
    def __init__(self) -> None:
        super().__init__()
        self.input = self.node("input", 1)
        self.node("noisy", 8, pcxx.linear(self.input, 8))


# %% [markdown]
# ## Parameters
# Two networks of the same make draw the same parameters from the same seed, whatever was drawn before.

# %%
network, twin = Noise(), Noise()
first, again = network.initialise(seed=0), twin.initialise(seed=0)
other = network.initialise(seed=1)
print(first["noisy.weight"][0])
assert np.array_equal(first["noisy.weight"], again["noisy.weight"])
assert not np.array_equal(first["noisy.weight"], other["noisy.weight"])


# %% [markdown]
# ## Draws of a program
# `drawing` adds noise to 100 zeros: of each sample's own, or the same for all.

# %%
def drawing(span: pcxx.Span, *, seed: int = 0, threads: int = 1) -> pcxx.Executor:
    def write(flow: pcxx.Flow) -> None:
        flow.output("drawn", network.input.value() + flow.random_normal(1, span))

    return pcxx.Executor(network, [network.input], write, seed=seed, threads=threads)


def draw(executor: pcxx.Executor) -> npt.NDArray[np.float32]:
    executor.run({network.input: np.zeros((100, 1), np.float32)})
    return np.asarray(executor.output("drawn")).ravel()


executor = drawing(pcxx.Span.per_sample)
one_run, next_run = draw(executor), draw(executor)
print("each sample's own:", one_run[:4], "... the next run:", next_run[:4])
assert len(set(one_run)) == 100 and not np.array_equal(one_run, next_run)

shared = draw(drawing(pcxx.Span.shared))
print("one for all:      ", shared[:4])
assert len(set(shared)) == 1

# %% [markdown]
# The same seed repeats both runs, to the bit, on two threads as on one. Another seed does not.

# %%
repeated = drawing(pcxx.Span.per_sample, threads=2)
assert np.array_equal(draw(repeated), one_run) and np.array_equal(draw(repeated), next_run)
assert not np.array_equal(draw(drawing(pcxx.Span.per_sample, seed=1)), one_run)

# %% [markdown]
# ## Training
# A trainer's seed fixes its initial parameters and its draws, a loader's the order of samples. With both given, two trainings end
# in the same bits.

# %%
def trained(threads: int) -> npt.NDArray[np.float32]:
    network = pcxx.Network()
    point, label = network.node("point", 2), network.node("label", 2)
    hidden = pcxx.gelu(pcxx.linear(point, 32))
    network.predict(label, pcxx.linear(hidden, 2, name="top"), pcxx.categorical())
    trainer = pcxx.Trainer(network, pcxx.Backpropagation(), seed=7, threads=threads)
    loader = pcxx.Loader(pcxx.two_moons(samples=512, seed=1), batch=64, seed=7)
    trainer.fit(loader, [point, label], epochs=2)
    return np.asarray(trainer.state["top.weight"])


assert np.array_equal(trained(threads=1), trained(threads=2))
print("the same training, bit for bit, on one thread and on two")

# %% [markdown]
# ## They are standard normal

# %%
draws = np.concatenate([draw(executor) for _ in range(100)])
print(f"10,000 draws: mean {draws.mean():.3f}, variance {draws.var():.3f}")
assert abs(draws.mean()) < 0.04 and abs(draws.var() - 1) < 0.06
