"""Types of arguments that several modules take."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from . import _pcxx as core

Floats = npt.NDArray[np.float64]
Rule = core.LearningRule | Callable[[core.Flow], object]
Batch = Mapping[core.Node, object]
