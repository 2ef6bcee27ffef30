"""What a model promises too much: the bootstrap of Harrell and the .632 estimators, for any way of making a model.

The way (`Fit`) gets rows of the cases and does everything anew that looks at outcomes, selection and normalisation
included; what it did elsewhere leaks, and the optimism comes out too small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ...errors import BadInput

Model = TypeVar("Model")

Fit = Callable[[np.ndarray], Model]
"""Rows, repeated as they were drawn -> a model."""

Measure = Callable[[Model, np.ndarray], Mapping[str, float]]
"""A model and rows -> its performance there, by name."""


@dataclass(frozen=True)
class Optimism:
    """Performance in all cases, in each bootstrap sample, and out of it.

    Attributes
    ----------
    apparent : mapping of str to float
        Of the model of all cases, in them.
    training, test, out_of_bag : mapping of str to np.ndarray, shape (samples,)
        Of each sample's model: in the sample, in all cases, in those that it left out.  NaN where it does not exist.
    failed : tuple of str
        Why samples have no model, in their own words; they are NaN throughout.
    """

    apparent: Mapping[str, float]
    training: Mapping[str, np.ndarray]
    test: Mapping[str, np.ndarray]
    out_of_bag: Mapping[str, np.ndarray]
    failed: tuple[str, ...]

    @property
    def samples(self) -> int:
        return len(next(iter(self.test.values())))

    @property
    def optimism(self) -> dict[str, float]:
        """Mean of training minus test (Efron, J Am Stat Assoc 1983, 78:316)."""
        return {name: _mean(self.training[name] - self.test[name]) for name in self.apparent}

    @property
    def corrected(self) -> dict[str, float]:
        """Apparent minus optimism (Harrell, Lee and Mark, Stat Med 1996, 15:361)."""
        return {name: value - self.optimism[name] for name, value in self.apparent.items()}

    @property
    def estimate_632(self) -> dict[str, float]:
        """``.368 apparent + .632 out of bag`` (Efron 1983)."""
        return {name: 0.368 * value + 0.632 * _mean(self.out_of_bag[name]) for name, value in self.apparent.items()}

    def estimate_632_plus(self, name: str, no_information: float = 0.5) -> float:
        """The .632+ estimate of one measure (Efron and Tibshirani, J Am Stat Assoc 1997, 92:548).

        Parameters
        ----------
        no_information : float
            The measure's value where predictors and outcome are independent: 0.5 of an AUC.
        """
        apparent, out = self.apparent[name], _mean(self.out_of_bag[name])
        worst, gain = no_information, apparent - no_information
        out = max(out, worst) if gain > 0 else min(out, worst)
        overfitting = min(max((apparent - out) / gain, 0.0), 1.0) if gain else 0.0
        weight = 0.632 / (1 - 0.368 * overfitting)
        return (1 - weight) * apparent + weight * out


def draw(n: int, samples: int, seed: int) -> np.ndarray:
    """Rows of bootstrap samples, shape (samples, n)."""
    return np.random.default_rng(seed).integers(0, n, (samples, n))


def optimism(
    fit: Fit,
    measure: Measure,
    samples: np.ndarray,
    run: Callable[[Callable[[np.ndarray], Any], Iterable[np.ndarray]], Iterable[Any]] = map,
) -> Optimism:
    """Bootstrap the whole way from rows to a model's performance.

    Parameters
    ----------
    fit, measure : callable
        A `BadInput` of either counts the sample as failed.
    samples : np.ndarray of int, shape (samples, n)
        From `draw`, or fixed ones.
    run : callable
        As `map`; one that works in parallel gives the same.

    Raises
    ------
    BadInput
        Where the model of all cases cannot be made, or that of no sample.
    """
    samples = np.asarray(samples)
    everyone = np.arange(samples.shape[1])
    apparent = dict(measure(fit(everyone), everyone))

    def one(rows: np.ndarray) -> tuple[dict[str, tuple[float, float, float]], str]:
        try:
            model = fit(rows)
            inside, outside = measure(model, rows), measure(model, everyone)
        except BadInput as error:
            return {}, error.message
        try:
            left_out = measure(model, np.setdiff1d(everyone, rows))
        except BadInput:  # one outcome only among them
            left_out = {}
        return {name: (inside[name], outside[name], left_out.get(name, np.nan)) for name in apparent}, ""

    found = list(run(one, samples))
    failed = tuple(why for _, why in found if why)
    if len(failed) == len(found):
        raise BadInput(f"No bootstrap sample gave a model: {failed[0] if failed else 'there was none'}")
    nothing = (np.nan, np.nan, np.nan)
    parts = {name: np.array([values.get(name, nothing) for values, _ in found]).T for name in apparent}
    training, test, out = ({name: part[i] for name, part in parts.items()} for i in range(3))
    return Optimism(apparent, training, test, out, failed)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
