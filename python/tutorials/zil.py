"""Z-IL: predictive coding that makes backpropagation's updates."""

# %% [markdown]
# # Z-IL equals backpropagation
# Values move once, at rate 1, from the outputs down, each level together with the weights above it (Song et al. 2020). From one
# start, 32 updates of Z-IL and of backpropagation lead to the same weights.

# %%
import numpy as np

import pcxx


class Classifier(pcxx.Network):
    def __init__(self) -> None:
        super().__init__()
        self.point = self.node("point", 2)
        self.label = self.node("label", 2)
        low = self.node("low", 32, pcxx.leaky_relu(pcxx.linear(self.point, 32)))
        high = self.node("high", 32, pcxx.leaky_relu(pcxx.linear(low, 32)))
        self.predict(self.label, pcxx.linear(high, 2), pcxx.categorical())


def trained(rule: pcxx.LearningRule) -> tuple[pcxx.Trainer, float]:
    """Returns the trainer after eight epochs of four batches, and its test accuracy."""
    train = pcxx.two_moons(samples=1024, noise=0.2, seed=42)
    test = pcxx.two_moons(samples=1024, noise=0.2, seed=0)
    network = Classifier()
    trainer = pcxx.Trainer(network, rule)
    loader = pcxx.Loader(train, batch=256)
    for epoch in range(8):
        for points, labels in loader.epoch(epoch):
            trainer.step({network.point: points, network.label: labels})
    return trainer, trainer.accuracy(network.label, test.one_hot(), {network.point: test.inputs})


# %%
weights = pcxx.sgd(0.2, momentum=0.9, nesterov=True)
zil, zil_accuracy = trained(pcxx.ZeroDivergence(weights=weights))
bp, bp_accuracy = trained(pcxx.Backpropagation(weights=weights))
hybrid, hybrid_accuracy = trained(pcxx.ZeroDivergence(steps=8, later_rate=0.1, weights=weights))
difference = max(float(np.abs(zil.state[name] - bp.state[name]).max())
                 for name in ("low.weight", "low.bias", "high.weight", "high.bias", "label.weight", "label.bias"))
print(f"Z-IL {zil_accuracy:.4f}, backpropagation {bp_accuracy:.4f}, hybrid with T = 8 {hybrid_accuracy:.4f}")
print(f"parameters of the first two differ by {difference:.1e} at most")
assert difference < 1e-4
