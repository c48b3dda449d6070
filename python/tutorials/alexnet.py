"""AlexNet: a convolutional network, and weights that learn while values still relax."""

# %% [markdown]
# # AlexNet
# A block is a node: what a convolution, an activation and perhaps a pool make of the node below. Training and test are those of
# the first tutorial. What is new is PCX's schedule $(T, T_0, T_i)$: $T$ steps of relaxation; from step $T_0$ on, and after every
# $T_i$ of them, the weights move with the values, and once more at the end. With $T_0 \ge T$ that is predictive coding, with
# $T_0 = 0$ and $T_i = 0$ incremental predictive coding (Salvatori et al. 2024).
#
# | PCX | pcxx |
# |---|---|
# | tuples of `pxnn.Conv2d(3, 64, ...)`, activation, `pxnn.MaxPool2d`, and a loop over them in `__call__` | `max_pool2d(gelu(conv2d(below, 64, 3, stride=2, padding=1)), 2)` |
# | `pxnn.Linear(256 * 2 * 2, 4096)`: sizes by hand | sizes follow from the shapes |
# | `torchvision` data and a `DataLoader` of one's own | `pcxx.load_cifar10()`, `pcxx.Loader`; any `DataLoader` will do |
# | `train_on_batch_hybrid(T, T_0, T_i, ...)`, fifty lines | `pcxx.IncrementalPredictiveCoding(steps=T, first_update=T_0, every=T_i, final_update=True)` |
#
# PCX's tutorial leaves 1 / batch out of the steps within the relaxation, so that gradients of two scales meet in one Adam, and says
# itself that training is unstable. Here every step learns from the mean of the batch.

# %%
import os

import matplotlib.pyplot as plt
import numpy as np

import pcxx

FULL = "FULL" in os.environ  # the whole network, all data, 24 epochs: for many cores
PART = 1 if FULL else 8  # so much of the channels
EPOCHS = 24 if FULL else 2


class AlexNet(pcxx.Network):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.image = self.node("image", shape)
        self.label = self.node("label", 10)
        x = self.block("conv1", self.image, 64, stride=2, pool=True)
        x = self.block("conv2", x, 192, pool=True)
        x = self.block("conv3", x, 384)
        x = self.block("conv4", x, 256)
        x = pcxx.flatten(self.block("conv5", x, 256, pool=True))
        for name in ("dense1", "dense2"):
            x = self.node(name, 4096 // PART, pcxx.gelu(pcxx.linear(x, 4096 // PART)))
        self.predict(self.label, pcxx.linear(x, 10), pcxx.categorical())

    def block(self, name: str, below: pcxx.Tensor, channels: int, stride: int = 1,
              pool: bool = False) -> pcxx.Tensor:
        u = pcxx.gelu(pcxx.conv2d(below, channels // PART, 3, stride=stride, padding=1))
        u = pcxx.max_pool2d(u, 2) if pool else u
        return self.node(name, u.shape, u)


# %% [markdown]
# The data is CIFAR-10 where `PCXX_DATA` names a folder that has it, else Fashion-MNIST, padded to 32 x 32. Without `FULL` the
# network has an eighth of the channels and sees 1600 pictures.

# %%
try:
    train, test = pcxx.load_cifar10()
    scale = pcxx.normalise([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010])
    train, test = train.transformed([scale]), test.transformed([scale])
except pcxx.FileError:
    train, test = pcxx.load_fashion_mnist(mean=0, deviation=1, flatten=False, keep_bytes=True)
    padded = [pcxx.pad_picture(top=2, bottom=2, left=2, right=2), pcxx.normalise([0.5], [0.5])]
    train, test = train.transformed(padded), test.transformed(padded)
if not FULL:
    train, test = train.slice(0, 1600), test.slice(0, 320)
loader = pcxx.Loader(train, batch=128 if FULL else 32, drop_last=True, prefetch=2)
unseen = pcxx.Loader(test, batch=128, shuffle=False)


def trained(rule: pcxx.LearningRule) -> list[float]:
    """Returns the test accuracy after each epoch."""
    network = AlexNet(loader.input_shape)
    trainer = pcxx.Trainer(network, rule)
    accuracies = []

    def test_now(epoch: int, reports: list[pcxx.StepReport]) -> None:
        right = [trainer.accuracy(network.label, y, {network.image: x}) * len(x)
                 for x, y in unseen.epoch(0)]
        accuracies.append(sum(right) / unseen.samples)

    trainer.fit(loader, [network.image, network.label], epochs=EPOCHS, after_epoch=test_now)
    return accuracies


# %% [markdown]
# Weights that move many times a batch move less each time.

# %%
values = pcxx.sgd(0.05, momentum=0.5, nesterov=True)
rate = 1e-4 if FULL else 1e-3
once, often = pcxx.adamw(rate), pcxx.adamw(rate / 4)
runs = {
    "predictive coding (13, 13, 0)": trained(pcxx.PredictiveCoding(
        steps=13, values=values, weights=once)),
    "late weights (13, 8, 2)": trained(pcxx.IncrementalPredictiveCoding(
        steps=13, first_update=8, every=2, final_update=True, values=values, weights=often)),
    "incremental (13, 0, 0)": trained(pcxx.IncrementalPredictiveCoding(
        steps=13, final_update=True, values=values, weights=often)),
    "backpropagation": trained(pcxx.Backpropagation(weights=once)),
}

# %%
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, accuracies), style in zip(runs.items(), ("o-", "s--", "^:", "d-.")):
    axes.plot(np.arange(EPOCHS) + 1, accuracies, style, label=name)
axes.set(xlabel="epoch", ylabel="test accuracy", xticks=range(1, EPOCHS + 1))
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
for name, accuracies in runs.items():
    print(f"{name}: test accuracy {', '.join(f'{each:.3f}' for each in accuracies)}")

# %% [markdown]
# All four teach the network, from 50 batches an epoch; weights that move within the relaxation do not make it unstable.

# %%
assert all(accuracies[-1] > 0.5 for accuracies in runs.values())
