"""Pictures: what can be seen of a network while it relaxes, learns and classifies."""

# %% [markdown]
# # Pictures of a network
# Each picture of `pcxx.plot` is one call. It measures if it must, on a copy of the state, so that nothing that is looked at
# changes; it draws on the axes that it is given (`ax=`) or makes a figure, and returns the axes. The numbers alone come from
# `pcxx.measure`, without matplotlib. PCX has no pictures: its notebooks write each of these by hand.

# %%
import numpy as np

import pcxx


class Classifier(pcxx.Network):
    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.point = self.node("point", 2)
        self.label = self.node("label", 2)
        low = self.node("low", width, pcxx.leaky_relu(pcxx.linear(self.point, width)))
        high = self.node("high", width, pcxx.leaky_relu(pcxx.linear(low, width)))
        self.predict(self.label, pcxx.linear(high, 2), pcxx.categorical())


train = pcxx.two_moons(samples=512, noise=0.2, seed=42)
test = pcxx.two_moons(samples=256, noise=0.2, seed=0)
network = Classifier()
rule = pcxx.PredictiveCoding(steps=16, values=pcxx.sgd(0.02, momentum=0.5), weights=pcxx.adamw(0.01))
trainer = pcxx.Trainer(network, rule, seed=0)
batch = {network.point: test.inputs, network.label: test.one_hot()}

# %% [markdown]
# ## What the network is
# A box for each node, with its shape and its energy; an arrow for each node that a prediction reads, with what lies between. The
# layout is Graphviz's; `pcxx.plot.dot(network)` is its text.

# %%
pcxx.plot.network(network)

# %% [markdown]
# ## Whether inference converges
# The energy of each node at every state of the relaxation, from the forward pass, at which only the output has any, to the
# state from which the weights learn. And the norm of the energy's gradient in each node: where it is level, or grows, more steps
# or another rate are due. Both work for any rule with a loop, one's own too.

# %%
pcxx.plot.energies(trainer, batch)

# %%
pcxx.plot.convergence(trainer, batch)
relaxation = pcxx.measure.relaxation(trainer, batch)
print(f"of the largest gradient {relaxation.remaining:.0%} are left after {relaxation.steps[-1]} steps")

# %% [markdown]
# ## What the weights are taught
# The norm of each layer's gradient beside backpropagation's at the same weights and data, and the cosine of the angle between
# them over the steps of inference. Until an error has reached a layer, its gradient is zero and has no direction.

# %%
pcxx.plot.gradient_norms(trainer, batch)

# %%
pcxx.plot.cosines(trainer, batch)
taught = pcxx.measure.weight_gradients(trainer, batch)
print({layer: round(cosine, 3) for layer, cosine in taught.cosine.items()})

# %% [markdown]
# ## How it learns
# Energies over training, from the reports of the steps, or from the folder of a run of `pcxx train`.

# %%
loader = pcxx.Loader(train, batch=64, seed=0)
reports = trainer.fit(loader, [network.point, network.label], epochs=20)
pcxx.plot.training(reports, nodes=["low", "high", "label"], smooth=0.9)

# %% [markdown]
# ## What it has learnt

# %%
pcxx.plot.decision_regions(trainer, test.inputs, test.labels, inputs=network.point, outputs=network.label)

# %%
predictions = trainer.predict(network.label, {network.point: test.inputs})
pcxx.plot.confusion(test.labels, predictions, names=["upper", "lower"])

# %% [markdown]
# Pictures are rows, each above what became of it; here of noise, and of a third of it.

# %%
pictures = np.random.default_rng(0).random((8, 3, 12, 12))
pcxx.plot.reconstructions(pictures, pictures / 3, names=["noise", "a third"], bounds=(0, 1))

# %% [markdown]
# ## On axes of one's own
# With `ax` nothing of pyplot's is touched, so pictures go into any figure. A rule's own quantities are recorded in its loop with
# `flow.record(name, value)` and read with `executor.output(name)`.

# %%
from matplotlib import pyplot  # noqa: E402

figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 3.2), layout="constrained")
for ax, steps in ((left, 8), (right, 64)):
    longer = pcxx.PredictiveCoding(steps=steps, values=pcxx.sgd(0.02, momentum=0.5))
    pcxx.plot.convergence(trainer, batch, rule=longer, ax=ax).set_title(f"{steps} steps")

# %%
assert relaxation.total[-1] < relaxation.total[0]  # relaxation goes down the energy
assert relaxation.energies["low"][0] == 0  # all error is the output's at first
assert taught.cosine_over_steps["label"][0] > 0.9999  # so that the last layer's gradient is backpropagation's
assert np.isnan(taught.cosine_over_steps["low"][0])  # and none has come to the first
assert reports[-1].energy < reports[0].energy / 3
