"""What of a signature a calibration starts from, as arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import BadInput
from ...signature import RADSCORE, Signature
from ...signature.model import NormalisationOrigin
from ...signature.outcome import INTERCEPT
from .plan import Scale
from .scaling import FeatureScaling


@dataclass(frozen=True)
class Base:
    """The risk model and the terms of a signature.

    Parameters
    ----------
    columns : tuple of str
        Design columns of the model.
    coefficients : np.ndarray, shape (columns,)
    radscore : int
        Which column is the Radscore's.
    slope_se : float or None
        Standard error of the Radscore's coefficient where the signature was developed; None where not known.
    intercept : float or None
        None where there is none, or none that belongs to a normalisation of these cases.
    terms : np.ndarray, shape (terms,)
        Coefficients of the Radscore's terms.
    constant : float
        The Radscore's intercept.
    """

    columns: tuple[str, ...]
    coefficients: np.ndarray
    radscore: int
    slope_se: float | None
    intercept: float | None
    terms: np.ndarray
    constant: float = 0.0

    @classmethod
    def of(cls, signature: Signature) -> Base:
        model = signature.risk_model
        return cls(
            columns=model.columns,
            coefficients=np.array([model.coefficients[name] for name in model.columns]),
            radscore=model.columns.index(RADSCORE),
            slope_se=slope_se_of(signature),
            intercept=None if model.intercept is None else model.intercept.value,
            terms=np.array([term.coefficient for term in signature.terms]),
            constant=signature.radscore_intercept,
        )

    @property
    def slope(self) -> float:
        """The Radscore's coefficient."""
        return float(self.coefficients[self.radscore])

    def scores(self, scaling: FeatureScaling, features: np.ndarray) -> np.ndarray:
        """Radscores of raw features, shape (n, terms)."""
        return self.constant + scaling.transform(features) @ self.terms

    def design(self, others: np.ndarray, radscore: np.ndarray) -> np.ndarray:
        """The design with the Radscore in its column: `others`, shape (n, columns - 1), has the rest in order."""
        return np.insert(others, self.radscore, radscore, axis=1)


def slope_se_of(signature: Signature) -> float | None:
    """Standard error of the Radscore's coefficient: by the signature's evidence, else from a printed interval."""
    covariance = signature.covariance
    if covariance is not None and RADSCORE in covariance.names:
        index = covariance.names.index(RADSCORE)
        return math.sqrt(covariance.matrix[index, index])
    return signature.risk_model.standard_errors.get(RADSCORE)


def scaling_of(signature: Signature, scale: Scale) -> FeatureScaling | None:
    """The signature's own scaling where it is to be kept; None where it is to be estimated.

    Raises
    ------
    BadInput
        Where there is none to keep, or it is a public cohort's.
    """
    if scale is Scale.ESTIMATE:
        return None
    normalisation = signature.normalisation
    if normalisation is None:
        raise BadInput(
            f"'--normalisation keep': the signature {signature.id} has no mean and SD of the features to keep. "
            "Estimate them from these cases (--normalisation estimate)."
        )
    if normalisation.origin is NormalisationOrigin.PUBLIC:
        raise BadInput(
            "'--normalisation keep': the signature's mean and SD are those of a public reference cohort, on whose "
            "scale no risk is shown. Estimate them from these cases (--normalisation estimate)."
        )
    keys = [term.key for term in signature.terms]
    return FeatureScaling.given(
        np.array([normalisation.mean[key] for key in keys]), np.array([normalisation.sd[key] for key in keys])
    )


def names_of(base: Base) -> tuple[str, ...]:
    """The intercept and the columns: names of `Update.params_`."""
    return (INTERCEPT, *base.columns)
