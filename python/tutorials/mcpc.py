"""Monte Carlo predictive coding: with noise in the relaxation, a network samples, and learns a distribution."""

# %% [markdown]
# # Monte Carlo predictive coding
# Relaxation with noise ends in samples of exp(-energy) (Oliviers, Bogacz & Meulemans 2024). The network z -> w z, z ~ N(b, 1),
# with the noise of its data is N(w b, w² + 1): data from N(1, 5) are learnt by w = 2, b = 1/2, or by both negative.

# %%
import sys

import numpy as np

import pcxx


class Sampler(pcxx.Network):
    def __init__(self) -> None:
        super().__init__()
        self.latent = self.node("latent", 1)
        self.data = self.node("data", 1)
        self.predict(self.latent, self.parameter("bias", 1, pcxx.uniform(-1, 1)))
        self.predict(self.data, pcxx.linear(self.latent, 1, bias=False, name="output"))
        self.phase("sample").follow("*")  # data is not given then, and starts from the forward pass


def langevin(flow: pcxx.Flow, steps: int, rate: float = 0.1, momentum: float = 0.5) -> None:
    """Relaxation at temperature 1: momentum descent whose gradients are noisy."""
    nodes = flow.free_nodes()
    values = flow.optimiser(pcxx.sgd(rate, momentum=momentum), nodes)
    noise = (2 * (1 - momentum) / rate) ** 0.5
    flow.repeat(steps, lambda step: values.step(
        [gradient + noise * flow.random_normal(node.shape)
         for node, gradient in zip(nodes, flow.gradient(flow.network.energy(), nodes))]))


@pcxx.program
def monte_carlo(flow: pcxx.Flow, steps: int, weights: pcxx.Optimiser) -> None:
    network = flow.network
    flow.enter("start")
    langevin(flow, steps)
    flow.output("energy", pcxx.batch_mean(network.energy()))
    flow.optimiser(weights, network.parameters()).step(flow.gradient(network.energy(), network.parameters()))


@pcxx.program
def sampling(flow: pcxx.Flow, steps: int) -> None:
    flow.enter("sample")
    langevin(flow, steps)
    flow.output("sample", flow.network.data.value())


# %%
epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 16
samples = 10_240
random = np.random.default_rng(0)
data = random.normal(1, 5 ** 0.5, (samples, 1)).astype(np.float32)
unseen = np.sort(random.normal(1, 5 ** 0.5, samples))
network = Sampler()
trainer = pcxx.Trainer(network, monte_carlo(steps=100, weights=pcxx.adam(1e-3)))
sampler = pcxx.Executor(network, [], sampling(steps=100), trainer.state)
for epoch in range(epochs):
    for batch in np.split(data[random.permutation(samples)], samples // 32):
        trainer.step({network.data: batch})
sampler.run(samples=samples)
drawn = np.sort(sampler.output("sample").ravel())
distance = float(np.abs(drawn - unseen).mean())  # Wasserstein's, of two sorted samples
print(f"Wasserstein distance {distance:.3f}; samples have mean {drawn.mean():.2f} and variance {drawn.var():.2f}")
assert distance < 0.2 or epochs < 16
