"""A learning rule of one's own: incremental predictive coding, in a dozen lines."""

# %% [markdown]
# # Your own learning rule
# A rule is a function that writes a program with a `Flow`. It runs once, when the program is compiled; what it says runs at the
# engine's speed. Here values and weights move together, T times a batch, along gradients of one energy at one point (Salvatori
# et al. 2024).

# %%
import pcxx


# [own_rule]
@pcxx.program
def incremental(flow: pcxx.Flow, steps: int, values: pcxx.Optimiser, weights: pcxx.Optimiser) -> None:
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


# %%
train = pcxx.two_moons(samples=1024, noise=0.2, seed=42)
test = pcxx.two_moons(samples=512, noise=0.2, seed=0)
network = Classifier()
trainer = pcxx.Trainer(network, incremental(steps=8, values=pcxx.sgd(0.3), weights=pcxx.adamw(1e-3)))
loader = pcxx.Loader(train, batch=32)
for epoch in range(8):
    for points, labels in loader.epoch(epoch):
        report = trainer.step({network.point: points, network.label: labels})
    print(f"epoch {epoch + 1}: energy {report.energy:.4f}")
accuracy = trainer.accuracy(network.label, test.one_hot(), {network.point: test.inputs})
print(f"test accuracy {accuracy:.4f}")
assert accuracy > 0.9
