"""What the compiler did: from the energy of a small network to its plan, its memory and its time."""

# %% [markdown]
# # What the compiler did
# A network says what its energy is, $E = \sum_l \tfrac12 \lVert h_l - u_l \rVert^2$, and a rule what to do with its gradients. Between
# that and the kernels lies a compiler, and nothing that it does is hidden: the program can be read before any pass, the plan as text
# and as data, and a run can be measured call by call.

# %%
import numpy as np

import pcxx


class Classifier(pcxx.Network):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.image = self.node("image", 784)
        self.label = self.node("label", 10)
        low = self.node("low", width, pcxx.gelu(pcxx.linear(self.image, width)))
        high = self.node("high", width, pcxx.gelu(pcxx.linear(low, width)))
        self.predict(self.label, pcxx.linear(high, 10))


network = Classifier(128)
rule = pcxx.PredictiveCoding(steps=8, values=pcxx.sgd(0.05), weights=pcxx.adamw(1e-3))
draw = np.random.default_rng(0)  # what the pictures show does not matter here
batch = {network.image: draw.random((256, 784), dtype=np.float32),
         network.label: np.eye(10, dtype=np.float32)[draw.integers(0, 10, 256)]}

trainer = pcxx.Trainer(network, rule, seed=0)
executor = trainer.executor(list(batch))

# %% [markdown]
# ## The program
# The rule wrote statements over expressions, with the gradients of the energy already in them: one step of a node's value reads its
# own error and that of the node above, nothing else. This is the loop, before any pass has seen it.

# %%
lines = executor.program().splitlines()
loop = next(place for place, line in enumerate(lines) if line.startswith("repeat"))
print("\n".join(line[:150] for line in lines[loop:loop + 3]))

# %% [markdown]
# ## The passes
# Each is a function from program to program, and none changes a result. What they did to this one:

# %%
plan = executor.plan(samples=256)
print("\n".join(note[:150] for note in plan.notes))

# %% [markdown]
# After a start from the forward pass every node equals its prediction: all errors but the label's are an expression minus itself,
# zero, and at step $t$ only the topmost $t$ nodes have anything to do. So the first steps are *peeled* off the loop, each without the
# products that are known to be zero. And what the loop does not change, such as the prediction that comes from the image, is
# *hoisted* out of it. Both can be switched off, to see that they change no bit and what they save:

# %%
plain = pcxx.Trainer(network, rule, seed=0, known_zeros=False, hoist=False)
full = plain.executor(list(batch)).plan(samples=256)
for _ in range(3):
    trainer.step(batch)
    plain.step(batch)
print(f"floating-point operations of a step: {full.flops:.4g} as written, {plan.flops:.4g} compiled: {plan.flops / full.flops:.2f}")
ours, others = trainer.state.arrays(), plain.state.arrays()
assert all(np.array_equal(others[name], array) for name, array in ours.items())
assert plan.flops < full.flops

# %% [markdown]
# ## The plan
# What is left are calls of kernels, in *stages*. In a stage of rows every tile of 64 samples goes through all of the relaxation with
# its data hot in a core's cache, and each thread has its share of the tiles. In a shared stage there is work on what the samples
# share, such as weight gradients and optimiser steps, cut into parts. Threads meet at the end of a stage, and nowhere else.

# %%
for block in plan.blocks:
    kinds = [call.kind for call in plan.calls[block.first_call:block.end_call]]
    depth = 0 if block.parent < 0 else 2
    print(" " * depth + f"{block.text}: " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in sorted(set(kinds))))

# %% [markdown]
# The work of its calls, in order. The grey part is the loop, whose turns are counted; before it lie the peeled steps, each with more
# to do than the one before, and behind it what the weights learn from.

# %%
pcxx.plot.work(plan)
assert sum(call.repeats * call.flops for call in plan.calls) == plan.flops

# %% [markdown]
# ## Fused kernels
# Elementwise operations do not run one by one: chains of them are one kernel, a short list of instructions that runs over blocks in
# the L1 cache. Here is one of the loop: from the product of a weight with the values below to the error $h - \varphi(a)$ and what it
# hands down, $-e \odot \varphi'(a)$. An activation and its derivative share one instruction.

# %%
fused = next(call for call in plan.calls if call.repeats > 1 and "gelu" in call.details)
print(f"{fused.text}\n{fused.details}")

# %% [markdown]
# ## Memory
# What lives only while a tile goes through its stage shares a thread's scratch: a place is used again as soon as nobody needs what is
# in it. A rectangle is a variable: its bytes, upwards, during its calls, from left to right. Only what samples leave for the weights
# has a row for each sample of the batch.

# %%
pcxx.plot.memory(plan)
of_tiles = [variable for variable in plan.variables if variable.arena == "tile"]
print(f"{len(of_tiles)} variables of {sum(variable.bytes for variable in of_tiles) / 1e3:.0f} kB share {plan.tile_bytes / 1e3:.0f} kB")

# %% [markdown]
# ## Where the time goes
# `trainer.profile(batch)` is `trainer.step(batch)`, to the same bits, and returns what each thread ran when. Of some steps the
# quickest was disturbed least by whatever else the machine does.

# %%
profiles = [trainer.profile(batch) for _ in range(20)]
quickest = min(profiles, key=lambda profile: profile.seconds)
pcxx.plot.timeline(quickest)
assert len({(record.call, record.tile, record.first_part, record.turn) for record in quickest.records}) == len(quickest.records)

# %% [markdown]
# The same by call. Between calls threads wait for each other, walk the plan and look at the clock. From the command line,
# `pcxx bench mlp --profile` prints such a table.

# %%
pcxx.plot.costs(quickest, most=10)
calls = sum(cost.seconds for cost in quickest.costs())
print(f"{quickest.threads} threads, {1e3 * quickest.seconds:.2f} ms, in calls for {calls / quickest.threads / quickest.seconds:.0%} of it")

# %% [markdown]
# And nothing of the looking has changed anything: twenty plain steps of the other trainer end at the same bits.

# %%
for _ in range(len(profiles)):
    plain.step(batch)
ours, others = trainer.state.arrays(), plain.state.arrays()
assert all(np.array_equal(others[name], array) for name, array in ours.items())
print(f"{trainer.steps} steps, {len(ours)} arrays, the same bits")
