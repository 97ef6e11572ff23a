"""Several signals at once: side by side, and as one formula."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from psychopy_nfb.budget import MOST_STEPS, check_count
from psychopy_nfb.checks import check_number
from psychopy_nfb.dsp.artifact import held
from psychopy_nfb.dsp.delay import Delay
from psychopy_nfb.dsp.pipeline import Pipeline
from psychopy_nfb.dsp.step import SignalInfo, Step
from psychopy_nfb.errors import NfbError, SettingsError, cause
from psychopy_nfb.families import own_faults

_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos}
LONGEST_FORMULA = 1000
"""Characters of a formula."""
FUNCTIONS: dict[str, tuple[Callable[..., np.ndarray], int]] = {
    "abs": (np.abs, 1),
    "sqrt": (np.sqrt, 1),
    "exp": (np.exp, 1),
    "log": (np.log, 1),
    "log10": (np.log10, 1),
    "min": (np.minimum, 2),
    "max": (np.maximum, 2),
}
"""What a formula may call, and with how many arguments."""


@dataclass
class Parallel(Step):
    """Sends the same samples through several branches, and puts what comes out side by side.

    Branches that are sooner than the slowest one are delayed, to the nearest sample, so that all
    columns speak of the same moment.

    Examples
    --------
    >>> from psychopy_nfb.dsp import CFIR, Parallel, SignalInfo
    >>> step = Parallel({"theta": [CFIR((4, 8))], "beta": [CFIR((13, 20))]})
    >>> step.prepare(SignalInfo(rate=250.0, labels=("Fz",))).labels
    ('theta', 'beta')
    """

    branches: dict[str, list[Step]] = field(default_factory=dict)
    """Name and steps of each branch. One that gives several channels names them name.channel."""

    def __post_init__(self) -> None:
        if not self.branches:
            raise SettingsError("branches", self.branches, "name one branch or more")
        check_count("branches", self.branches, MOST_STEPS, "branches")

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._info = info
        self._pipelines = {name: Pipeline(steps) for name, steps in self.branches.items()}
        labels: list[str] = []
        self._widths = []
        for name, pipeline in self._pipelines.items():
            try:
                # Each at its own band's frequency.
                out = pipeline.prepare(replace(info, frequency=None))
            except NfbError as error:
                inner = error.parameter.removeprefix("pipeline.steps")
                raise type(error)(f"branches.{name}{inner}", error.value, error.remedy) from None
            if out.rate != info.rate:
                raise SettingsError(
                    f"branches.{name}",
                    out.rate,
                    f"gives {out.rate:g} of {info.rate:g} samples a second; decimate before or "
                    "after the branches",
                )
            one = out.n_channels == 1
            labels += [name] if one else [f"{name}.{label}" for label in out.labels]
            self._widths.append(out.n_channels)
        self._align()
        steps = (step for pipeline in self._pipelines.values() for step in pipeline.steps)
        self.shortest_fit: float = max(step.shortest_fit for step in steps)
        return replace(info, labels=tuple(labels), frequency=info.frequency)

    @property
    def band(self) -> tuple[float, float] | None:
        """The first branch's band: where the delays of what comes before are declared."""
        bands = [getattr(step, "band", None) for step in next(iter(self.branches.values()))]
        return next((band for band in bands if band is not None), None)

    @property
    def fault(self) -> str | None:  # type: ignore[override]
        """Which step of which branch has failed, and how."""
        found = ((name, pipeline.fault) for name, pipeline in self._pipelines.items())
        return next((f"branches.{name}.{fault}" for name, fault in found if fault), None)

    def _align(self) -> None:
        """Delay the sooner branches, by the delays that the filters have now."""
        pipelines = self._pipelines.values()
        self.declared_delay: float = max(pipeline.delay for pipeline in pipelines)
        self._delays = []
        for pipeline, width in zip(pipelines, self._widths, strict=True):
            delay = Delay(self.declared_delay - pipeline.delay)
            delay.prepare(replace(self._info, labels=("",) * width))
            self._delays.append(delay)
        self.settle: float = max(
            pipeline.settle + delay.seconds
            for pipeline, delay in zip(pipelines, self._delays, strict=True)
        )

    def fit(self, samples: np.ndarray) -> None:
        """Fit the steps that learn to `samples`, (n, n_channels), as they reach the branches."""
        for pipeline in self._pipelines.values():
            passed = samples
            for step in pipeline.steps:
                with own_faults(step, "step", "cannot be fitted to the baseline"):
                    if hasattr(step, "fit"):
                        step.fit(passed)
                    passed = step.process(passed)
        self._align()
        self.reset()

    def reset(self) -> None:
        for pipeline, delay in zip(self._pipelines.values(), self._delays, strict=True):
            pipeline.reset()
            delay.reset()

    def process(self, samples: np.ndarray) -> np.ndarray:
        columns = []
        self.flags: np.ndarray | None = np.zeros(len(samples), np.uint32)
        for pipeline, delay in zip(self._pipelines.values(), self._delays, strict=True):
            out, flags, _ = pipeline.process(samples)
            self.flags |= flags
            columns.append(delay.process(out))
        return np.hstack(columns)

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        return np.hstack([pipeline.mixed(inputs) for pipeline in self._pipelines.values()])


@dataclass
class Expression(Step):
    """One signal out of several, by a formula over their names.

    Numbers, names, ``+ - * / **``, brackets, and the functions abs, sqrt, exp, log, log10, min and
    max. Where it has no finite value the last one stays, flagged INVALID.

    Examples
    --------
    >>> step = Expression("alpha / beta - 0.2 * emg")
    >>> step.prepare(SignalInfo(rate=250.0, labels=("alpha", "beta", "emg"))).labels
    ('expression',)
    >>> step.process(np.array([[6.0, 2.0, 5.0]]))
    array([[2.]])
    """

    formula: str = ""
    """Over the labels of the channels that reach it, e.g. those of `Parallel`."""
    name: str = "expression"
    """Label of the output channel."""

    def __post_init__(self) -> None:
        check_count("formula", self.formula, LONGEST_FORMULA, "characters")
        try:
            self._tree = ast.parse(self.formula.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            why = cause(error)
            raise SettingsError("formula", self.formula, f"cannot be read ({why})") from None
        self._check(self._tree)

    def _check(self, node: ast.AST) -> None:
        """Refuse what is no part of a formula: this is no way to run code."""
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            check_number("formula", node.value)
            return
        if isinstance(node, ast.Name):
            return
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            parts: list[ast.expr] = [node.left, node.right]
        elif isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            parts = [node.operand]
        elif isinstance(node, ast.Call) and self._is_known(node):
            parts = node.args
        else:
            raise SettingsError(
                "formula",
                self.formula,
                f"may hold numbers, names, + - * / ** and {', '.join(FUNCTIONS)}, and not "
                f"{ast.unparse(node)!r}",
            )
        for part in parts:
            self._check(part)

    @staticmethod
    def _is_known(node: ast.Call) -> bool:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        return name in FUNCTIONS and len(node.args) == FUNCTIONS[name][1] and not node.keywords

    def prepare(self, info: SignalInfo) -> SignalInfo:
        self._places = {}
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name) and id(node) not in called:
                if node.id not in info.labels:
                    raise SettingsError(
                        "formula",
                        self.formula,
                        f"names {node.id!r}, and there are {', '.join(info.labels)}",
                    )
                self._places[node.id] = info.labels.index(node.id)
        self.reset()
        return replace(info, labels=(self.name,), units="a.u.")

    def reset(self) -> None:
        self._last = 0.0

    def process(self, samples: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = self._value(self._tree, samples)
        out = np.array(np.broadcast_to(found, len(samples)), dtype=float)
        self.flags: np.ndarray | None = held(out, self._last)
        if len(out):
            self._last = float(out[-1])
        return out[:, None]

    def _value(self, node: Any, samples: np.ndarray) -> np.ndarray | np.float64:
        if isinstance(node, ast.Constant):
            # Not Python's own number, which raises where numpy's becomes infinite.
            return np.float64(node.value)
        if isinstance(node, ast.Name):
            return samples[:, self._places[node.id]]
        if isinstance(node, ast.BinOp):
            left, right = self._value(node.left, samples), self._value(node.right, samples)
            return _BINARY[type(node.op)](left, right)
        if isinstance(node, ast.UnaryOp):
            return _UNARY[type(node.op)](self._value(node.operand, samples))
        function, _ = FUNCTIONS[node.func.id]
        return function(*(self._value(argument, samples) for argument in node.args))

    def mixed(self, inputs: np.ndarray) -> np.ndarray:
        return np.abs(inputs[:, list(self._places.values())]).sum(axis=1, keepdims=True)
