"""pcxx: a compiler and runtime for predictive coding networks.

The names are those of C++: `pcxx::gelu` is `pcxx.gelu`, options are keyword arguments. Begin reading at `Network`,
`PredictiveCoding` and `Trainer`; `program` makes a learning rule of a function.
"""

from typing import TYPE_CHECKING, Any

from . import _pcxx

_pcxx._name_wrong_arguments(_pcxx)  # type: ignore[attr-defined]  # before anything holds a function of it

from ._pcxx import *
from . import measure as measure
from ._pcxx import version as __version__
from .classifier import PCClassifier as PCClassifier
from .errors import *
from .program import Program as Program
from .program import program as program

if TYPE_CHECKING:
    from . import plot as plot


def __getattr__(name: str) -> Any:
    if name == "plot":  # on first use: matplotlib takes longer to import than all else, and may be absent
        import importlib

        return importlib.import_module(".plot", __name__)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
