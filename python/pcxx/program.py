"""Programs: Python functions of a flow, traced once into a learning rule or a program for an executor."""

import functools
from collections.abc import Callable
from typing import Any

from ._pcxx import Flow, LearningRule


class Program:
    """A function of a Flow, and perhaps of options, that writes a program; `program` makes it.

    Called with options it returns the LearningRule that has them. As it stands it is a program without options: give it to a
    Trainer or an Executor.
    """

    def __init__(self, write: Callable[..., object]) -> None:
        functools.update_wrapper(self, write)
        self.__name__: str = getattr(write, "__name__", "program")
        self.write = write

    def __call__(self, *options: Any, **named: Any) -> LearningRule | None:
        """Returns the rule with these options; with a Flow as the first, writes into it and returns None."""
        if options and isinstance(options[0], Flow):
            self.write(*options, **named)
            return None
        return LearningRule(self.__name__, lambda flow: self.write(flow, *options, **named))

    def __repr__(self) -> str:
        return f"<program '{self.__name__}'>"


def program(write: Callable[..., object]) -> Callable[..., LearningRule]:
    """Makes a learning rule, or a program for an executor, of a function whose first argument is a Flow.

        @pcxx.program
        def incremental(flow, steps, rate):
            flow.enter("start")
            ...

        trainer = pcxx.Trainer(network, incremental(steps=8, rate=0.3))

    The function runs once for each set of given nodes, when the program is compiled; its operations record expressions. What
    it raises comes out of the call that compiled: the first Trainer.step(), or Executor().
    """
    return Program(write)  # type: ignore[return-value]
