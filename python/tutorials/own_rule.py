"""A learning rule of one's own: incremental predictive coding, in a dozen lines."""

# %% [markdown]
# # Your own learning rule
# A rule is a function that writes a program with a `Flow`. It runs once, when the program is compiled; what it says runs at the
# engine's speed. Here values and weights move together, T times a batch, along gradients of one energy at one point (Salvatori
# et al. 2024).
#
# | PCX | pcxx |
# |---|---|
# | `train_on_batch` rewritten: `pxu.step`, `pxf.value_and_grad` over a mask of nodes and layers, `optim_h.step`, `optim_w.step(..., scale_by=1 / batch)` | the rule below |
# | an `if` on the step in a Python loop, unrolled by `pxf.jit` | `flow.repeat(steps, body)` and `flow.branch` |
# | the order in which the two `step` calls are written decides who sees what | `flow.together`: both read the state before |

# %%
import pcxx


# [own_rule]
@pcxx.program
def incremental(flow: pcxx.Flow, steps: int, values: pcxx.Optimiser,
                weights: pcxx.Optimiser) -> None:
    network = flow.network
    flow.enter("start")  # every node takes its prediction, then the data is clamped
    relax = flow.optimiser(values, flow.free_nodes())
    learn = flow.optimiser(weights, network.parameters())

    def together() -> None:  # both read the state before
        relax.step(flow.gradient(network.energy(), flow.free_nodes()))
        learn.step(flow.gradient(network.energy(), network.parameters()))

    flow.repeat(steps, lambda step: flow.together(together))
    flow.output("energy", pcxx.batch_mean(network.energy()))
# [/own_rule]


class Classifier(pcxx.Network):
    def __init__(self) -> None:
        super().__init__()
        self.point = self.node("point", 2)
        self.label = self.node("label", 2)
        low = self.node("low", 32, pcxx.leaky_relu(pcxx.linear(self.point, 32)))
        high = self.node("high", 32, pcxx.leaky_relu(pcxx.linear(low, 32)))
        self.predict(self.label, pcxx.linear(high, 2))


# %% [markdown]
# It trains as the rules that come with pcxx do. The library has it, too, as `pcxx.IncrementalPredictiveCoding`; what the two make
# of the weights is the same.

# %%
train = pcxx.two_moons(samples=1024, noise=0.2, seed=42)
test = pcxx.two_moons(samples=512, noise=0.2, seed=0)
network = Classifier()
values, weights = pcxx.sgd(0.3), pcxx.adamw(1e-3)


def trained(rule: pcxx.LearningRule) -> tuple[pcxx.Trainer, list[pcxx.StepReport]]:
    trainer = pcxx.Trainer(network, rule)
    loader = pcxx.Loader(train, batch=32)
    return trainer, trainer.fit(loader, [network.point, network.label], epochs=8)


trainer, reports = trained(incremental(steps=8, values=values, weights=weights))
library, _ = trained(pcxx.IncrementalPredictiveCoding(steps=8, values=values, weights=weights))
accuracy = trainer.accuracy(network.label, test.one_hot(), {network.point: test.inputs})
print(f"test accuracy {accuracy:.4f}")

# %% [markdown]
# One's own rule can be looked at as every other: over training, and while one batch relaxes (the weights move along, too, but
# on a copy).

# %%
pcxx.plot.training(reports, smooth=0.8).set_title("over training")
batch = {network.point: test.inputs[:32], network.label: test.one_hot()[:32]}
pcxx.plot.energies(trainer, batch).set_title("values and weights, in one batch")

# %%
assert accuracy > 0.9
assert all((trainer.state[each.name] == library.state[each.name]).all()
           for each in network.parameters())
