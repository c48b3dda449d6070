"""Decoder: pictures from latents that nothing predicts; inference finds the latent of each picture."""

# %% [markdown]
# # Decoder
# The latent has no prediction, so no energy and no prior. Training clamps the picture alone; `reconstruct` finds the latents of
# pictures that were never seen and decodes them.
#
# `python decoder.py 24` is the tutorial's run; without a number it is a short one on a part of Fashion-MNIST.

# %%
import sys

import numpy as np

import pcxx

VALUES = pcxx.sgd(0.05, momentum=0.1)
STEPS = 20


class Decoder(pcxx.Network):
    def __init__(self) -> None:
        super().__init__()
        self.latent = self.node("latent", 64)
        self.picture = self.node("picture", 784)
        below = self.latent
        for name in ("hidden1", "hidden2", "hidden3"):
            below = self.node(name, 256, pcxx.tanh(pcxx.linear(below, 256)))
        self.predict(self.picture, pcxx.linear(below, 784))
        self.phase("start").follow("hidden*", pcxx.to_zero())  # not from the forward pass, which knows nothing of the picture
        self.phase("decode").show_prediction("hidden*")  # hidden nodes pass on what they are told to be


@pcxx.program
def reconstruct(flow: pcxx.Flow) -> None:
    network = flow.network
    flow.enter("start")
    values = flow.optimiser(VALUES, flow.free_nodes())
    flow.repeat(STEPS, lambda step: values.step(flow.gradient(network.energy(), flow.free_nodes())))
    flow.enter("decode")
    decoded = pcxx.minimum(pcxx.maximum(network.picture.prediction(), 0), 1)
    flow.output("decoded", decoded)
    flow.output("error", pcxx.mean(pcxx.square(decoded - network.picture.value())))


# %%
epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 1
try:
    train, test = pcxx.load_fashion_mnist(mean=0, deviation=1, keep_bytes=True)
except pcxx.FileError as error:
    print(error)
    sys.exit()  # nothing to show
if len(sys.argv) < 2:
    train, test = train.slice(0, 12_800), test.slice(0, 1280)
network = Decoder()
trainer = pcxx.Trainer(network, pcxx.PredictiveCoding(steps=STEPS, values=VALUES, weights=pcxx.adamw(1e-4)))
decoder = pcxx.Executor(network, [network.picture], reconstruct(), trainer.state)
batches = pcxx.Loader(train, batch=128, drop_last=True)
for epoch in range(epochs):
    for batch in batches.epoch(epoch):
        trainer.step({network.picture: batch.inputs})
    errors = []
    for batch in pcxx.Loader(test, batch=128, shuffle=False).epoch(0):
        decoder.run({network.picture: batch.inputs})
        errors.append(decoder.output("error"))
    print(f"epoch {epoch + 1}: test error {np.concatenate(errors).mean():.5f} (mean over pixels and all test pictures)")
