"""Two moons: a classifier that learns by predictive coding."""

# %% [markdown]
# # Two moons
# Two interleaved half circles, one class each. A network is a class: nodes, and what predicts them. The energy between a node
# and its prediction is the squared error, if nothing else is said.

# %%
# [two_moons]
import pcxx


class Classifier(pcxx.Network):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.point = self.node("point", 2)
        self.label = self.node("label", 2)
        low = self.node("low", width, pcxx.leaky_relu(pcxx.linear(self.point, width)))
        high = self.node("high", width, pcxx.leaky_relu(pcxx.linear(low, width)))
        self.predict(self.label, pcxx.linear(high, 2), pcxx.categorical())


train = pcxx.two_moons(samples=1024, noise=0.2, seed=42)
test = pcxx.two_moons(samples=512, noise=0.2, seed=0)
network = Classifier(32)
rule = pcxx.PredictiveCoding(steps=8, values=pcxx.sgd(0.01, momentum=0.5, nesterov=True), weights=pcxx.adamw(0.01))
trainer = pcxx.Trainer(network, rule, seed=0)
loader = pcxx.Loader(train, batch=32, seed=0)
for epoch in range(8):
    for points, labels in loader.epoch(epoch):
        report = trainer.step({network.point: points, network.label: labels})
    print(f"epoch {epoch + 1}: energy {report.energy:.4f}")
accuracy = trainer.accuracy(network.label, test.one_hot(), {network.point: test.inputs})
print(f"test accuracy {accuracy:.4f}")
# [/two_moons]
assert accuracy > 0.95

# %% [markdown]
# Nothing is hidden in the trainer: the plan that it runs, and every value that it left, can be looked at.

# %%
executor = trainer.executor([network.point, network.label])
print("\n".join(executor.explain().splitlines()[:8]))
print("values of 'high':", executor.value(network.node_named("high")).shape, "weights:", trainer.state["low.weight"].shape)
