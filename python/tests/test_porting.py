"""The notebook that docs/porting_from_pcx.md ports, run; its blocks are slices of this file."""

import numpy as np

import pcxx


# [model]
class Model(pcxx.Network):
    def __init__(self) -> None:
        super().__init__()
        self.point = self.node("point", 2)
        low = self.node("low", 32, pcxx.leaky_relu(pcxx.linear(self.point, 32)))
        high = self.node("high", 32, pcxx.leaky_relu(pcxx.linear(low, 32)))
        self.label = self.node("label", 2, pcxx.linear(high, 2), pcxx.categorical())
# [/model]


# [step]
@pcxx.program
def train_step(flow: pcxx.Flow, values: pcxx.Optimiser, weights: pcxx.Optimiser) -> None:
    network = flow.network
    flow.enter("start")
    optim_h = flow.optimiser(values, flow.free_nodes())
    optim_w = flow.optimiser(weights, network.parameters())
    flow.repeat(8, lambda step: optim_h.step(flow.gradient(network.energy(), flow.free_nodes())))
    flow.output("energy", pcxx.batch_mean(network.energy()))
    optim_w.step(flow.gradient(network.energy(), network.parameters()))
# [/step]


def trained(rule: pcxx.LearningRule) -> dict[str, np.ndarray]:
    """Returns the parameters after an epoch of two moons."""
    network = Model()
    trainer = pcxx.Trainer(network, rule, seed=0)
    trainer.fit(pcxx.Loader(pcxx.two_moons(samples=256, noise=0.2, seed=42), batch=32), [network.point, network.label])
    return {parameter.name: trainer.state[parameter.name] for parameter in network.parameters()}


def test_the_step_written_out_is_predictive_coding():
    values, weights = pcxx.sgd(0.01, momentum=0.5, nesterov=True), pcxx.adamw(0.01)
    written = trained(train_step(values, weights))
    shipped = trained(pcxx.PredictiveCoding(steps=8, values=values, weights=weights))
    assert written.keys() == shipped.keys()
    for name, array in shipped.items():
        np.testing.assert_array_equal(written[name], array, err_msg=name)


def test_the_port_learns():
    # [training]
    train = pcxx.two_moons(samples=1024, noise=0.2, seed=42)
    test = pcxx.two_moons(samples=512, noise=0.2, seed=0)
    network = Model()
    rule = pcxx.PredictiveCoding(steps=8, values=pcxx.sgd(0.01, momentum=0.5, nesterov=True), weights=pcxx.adamw(0.01))
    trainer = pcxx.Trainer(network, rule, seed=0)
    trainer.fit(pcxx.Loader(train, batch=32), [network.point, network.label], epochs=8)
    accuracy = trainer.accuracy(network.label, test.one_hot(), {network.point: test.inputs})
    # [/training]
    assert accuracy > 0.95
