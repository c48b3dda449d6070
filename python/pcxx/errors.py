"""Exceptions: those of C++, each derived from the built-in one that a Python user would expect.

A message reads "[who] what is wrong, with names and values; what was expected; what to do".
"""


class Error(Exception):
    """What every exception of pcxx is."""


class ArgumentError(Error, ValueError):
    """A bad argument: a value, an option or an order of calls that makes no sense."""


class ShapeError(ArgumentError):
    """Shapes, spans or dtypes of traced tensors, or shapes of arrays, that do not fit each other."""


class DTypeError(ArgumentError, TypeError):
    """An object of another type, or an array of other numbers, than is wanted."""


class NameError(ArgumentError):
    """A name that is unknown, ambiguous or taken."""


class RecipeError(ArgumentError):
    """A recipe that cannot be read: unknown key, wrong type, bad value."""


class FileError(Error, RuntimeError):
    """A file that is missing, unreadable, unwritable, truncated or not what it claims to be."""


class DeviceError(Error, RuntimeError):
    """A device, a driver or a process that is absent or lacks what the plan needs."""


class PackageError(Error, ImportError):
    """A Python package that is not installed, and is needed for what was asked."""


class DivergenceError(Error, RuntimeError):
    """Energy that became NaN or infinite.

    `node`: the name of the node (or energy term) whose energy is not finite; `step`: the training step, counted from 0, at
    which it was seen.
    """

    node: str = ""
    step: int = 0


for _class in (Error, ArgumentError, ShapeError, DTypeError, NameError, RecipeError, FileError, DeviceError, PackageError,
               DivergenceError):
    _class.__module__ = "pcxx"  # as users know them
