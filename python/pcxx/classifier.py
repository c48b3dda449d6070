"""PCClassifier: a predictive coding network as an estimator of scikit-learn, in three lines."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _pcxx as core
from . import errors
from .fitting import Progress


class _Layers(core.Network):
    """A chain of layers from inputs to one-hot labels."""

    def __init__(self, inputs: int, hidden: Sequence[int], classes: int, activation: str) -> None:
        super().__init__()
        self.inputs = self.node("inputs", inputs)
        self.label = self.node("label", classes)
        below: core.Node = self.inputs
        for i, width in enumerate(hidden, start=1):
            prediction = core.activate(activation, core.linear(below, width))
            below = self.node(f"hidden{i}", width, prediction)
        self.predict(self.label, core.linear(below, classes), core.categorical())


class PCClassifier:
    """A classifier of dense layers that learns by predictive coding, used as scikit-learn's estimators are.

        PCClassifier(hidden=(128, 128)).fit(X, y).predict(X)

    `hidden`: widths, or one width; `activation`: a name that activate() knows; `rule`: a LearningRule, PredictiveCoding() with settings that
    suit this chain if nothing is said; `epochs`, `batch`: of training; `seed`: of parameters and of the order of samples;
    `threads`: 0 for all cores, results do not depend on it. Inputs are (n, features) numbers, labels (n) anything that sorts.
    """

    _options = ("hidden", "activation", "rule", "epochs", "batch", "seed", "threads")

    def __init__(self, hidden: int | Sequence[int] = (128,), *, activation: str = "gelu", rule: core.LearningRule | None = None,
                 epochs: int = 20, batch: int = 64, seed: int = 0, threads: int = 0) -> None:
        self.hidden = hidden
        self.activation = activation
        self.rule = rule
        self.epochs = epochs
        self.batch = batch
        self.seed = seed
        self.threads = threads

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns the options by name, as scikit-learn asks for them."""
        return {name: getattr(self, name) for name in self._options}

    def set_params(self, **options: Any) -> "PCClassifier":
        """Sets options by name. Raises NameError for an unknown one; then nothing was changed."""
        if unknown := sorted(set(options) - set(self._options)):
            raise errors.NameError(f"[classifier] unknown option '{unknown[0]}'; known: {', '.join(self._options)}")
        for name, value in options.items():
            setattr(self, name, value)
        return self

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, *, progress: Progress = False,
            after_epoch: Callable[[int, float], object] | None = None) -> "PCClassifier":
        """Learns from inputs (n, features) and labels (n), anew; returns itself.

        `progress`: True for a bar of tqdm for each epoch, or a callable like tqdm.auto.tqdm. `after_epoch(epoch, energy)` is
        called with the energy of the epoch's last batch. Raises ShapeError or ArgumentError for data that do not fit,
        DivergenceError.
        """
        inputs, labels = self._inputs(X), np.asarray(y)
        if labels.ndim != 1 or len(labels) != len(inputs):
            raise errors.ShapeError(f"[classifier] y is {labels.shape}; expected ({len(inputs)},), a label for each row of X")
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise errors.ArgumentError(f"[classifier] y has {len(self.classes_)} class; expected two or more")
        self.n_features_in_ = inputs.shape[1]
        hidden = [self.hidden] if isinstance(self.hidden, int) else self.hidden
        network = _Layers(inputs.shape[1], hidden, len(self.classes_), self.activation)
        steps = max(8, 2 * len(hidden))
        rule = self.rule or core.PredictiveCoding(steps=steps, values=core.sgd(0.01, momentum=0.5), weights=core.adamw(5e-3))
        trainer = core.Trainer(network, rule, seed=self.seed, threads=self.threads)
        data = core.Dataset(inputs, labels=numbers.astype(np.int32), classes=len(self.classes_))
        loader = core.Loader(data, batch=self.batch, seed=self.seed)
        trainer.fit(loader, [network.inputs, network.label], epochs=self.epochs, progress=progress,
                    after_epoch=None if after_epoch is None else lambda epoch, reports: after_epoch(epoch, reports[-1].energy))
        self.network_, self.trainer_ = network, trainer
        return self

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Returns how likely each class is, (n, classes), in the order of `classes_`. Raises ArgumentError before fit()."""
        if not hasattr(self, "trainer_"):
            raise errors.ArgumentError("[classifier] predicts before it has learnt; expected fit(X, y) first")
        inputs = self._inputs(X)
        if inputs.shape[1] != self.n_features_in_:
            raise errors.ShapeError(f"[classifier] X has {inputs.shape[1]} features; expected {self.n_features_in_}, as in fit()")
        logits = self.trainer_.predict(self.network_.label, {self.network_.inputs: inputs})
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Returns the most likely label of each row, (n). Raises ArgumentError before fit()."""
        best = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Returns the part of the rows whose label is predicted. Raises ArgumentError before fit()."""
        return float(np.mean(self.predict(X) == np.asarray(y)))

    @staticmethod
    def _inputs(X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        inputs = np.ascontiguousarray(X, dtype=np.float32)
        if inputs.ndim != 2 or 0 in inputs.shape:
            raise errors.ShapeError(f"[classifier] X is {inputs.shape}; expected (samples, features), at least one of each")
        return inputs
