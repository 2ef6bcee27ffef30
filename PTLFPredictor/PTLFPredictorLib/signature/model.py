"""Signature files: what is in one, read and checked.

A signature is data: features, coefficients, normalisation, risk model, nomogram scale, ranges, and for each of
them whether it was published, derived, read from a figure or fitted.  ``Resources/Signatures/signature.schema.json``
is the same contract for editors and other programs.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..ct import Protocol
from ..ct.phase import ARTERIAL, DELAYED, PORTAL_VENOUS, UNENHANCED
from ..errors import BadInput
from ..radiomics import ExtractionSettings
from ..radiomics.names import is_feature_name

SCHEMA = "ptlf-signature/1"
FOLDER = Path(__file__).resolve().parents[2] / "Resources" / "Signatures"

PREDICTORS = ("ALB", "INR", "Radscore")
"""Predictors of the risk model, in the order of the nomogram and of a covariance matrix after the intercept."""

UNITS = {"ALB": "g/L", "INR": "1", "Radscore": "1"}
"""Units of the predictors, in which their coefficients must be."""

VOIS = ("tumor", "liver")
"""VOI names in signature files: 'liver' is the non-tumoural parenchyma, as in the paper."""

ORIGINS = ("published", "derived", "figure", "fitted")

PHASES = (UNENHANCED, ARTERIAL, PORTAL_VENOUS, DELAYED)


@dataclass(frozen=True)
class Term:
    """One term of the Radscore: ``coefficient * z`` of one feature of one VOI."""

    voi: str
    feature: str
    coefficient: float
    short: str

    @property
    def key(self) -> tuple[str, str]:
        return self.voi, self.feature


@dataclass(frozen=True)
class Normalisation:
    """Mean and SD of each term's feature in the cohort that the coefficients belong to.

    Parameters
    ----------
    origin : {"published", "site", "demo"}
        The training cohort's own numbers, a hospital's own cases, or synthetic cases.
    n : int
        Number of cases behind the numbers.
    mean, sd : mapping of (voi, feature) to float
        In the features' own units; SD above 0.
    """

    origin: str
    n: int
    how: str
    mean: Mapping[tuple[str, str], float]
    sd: Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Intercept:
    """Intercept b0 of the risk model (logit) and where it came from; `range` is that of a derived or read value."""

    value: float
    origin: str
    range: tuple[float, float] | None
    how: str


@dataclass(frozen=True)
class RiskModel:
    """Logistic model ``logit P = intercept + sum of coefficients * predictors`` (ALB in g/L).

    Parameters
    ----------
    intercept : Intercept or None
    coefficients : mapping of str to float
        For `PREDICTORS`.
    covariance : ndarray of shape (4, 4) or None
        Of the intercept and `PREDICTORS`, in this order.
    """

    intercept: Intercept | None
    coefficients: Mapping[str, float]
    covariance: np.ndarray | None


@dataclass(frozen=True)
class AxisStyle:
    """How one predictor's axis is drawn; `zero_points_at` is the value that gets 0 points."""

    label: str
    range: tuple[float, float]
    zero_points_at: float
    step: float
    hatched_above: float | None = None
    hatch_note: str = ""


@dataclass(frozen=True)
class Criterion:
    """One line of the eligibility checklist: an inclusion criterion or an exclusion."""

    id: str
    kind: str
    text: str


@dataclass(frozen=True)
class Limits:
    """Where a value warns or withholds: |z|, and the two laboratory criteria of the outcome itself."""

    z_warn: float = 3.0
    z_withhold: float = 6.0
    bilirubin_umol_per_l: float = 85.0
    inr_outcome: float = 1.5


@dataclass(frozen=True)
class Signature:
    """A signature file in memory; `data` is the file's own JSON, for records and copies."""

    id: str
    version: str
    title: str
    kind: str
    citation: str
    outcome: str
    horizon: str
    population: str
    protocol: Protocol
    voi_source: str
    extraction: ExtractionSettings
    radscore_intercept: float
    terms: tuple[Term, ...]
    normalisation: Normalisation | None
    risk_model: RiskModel
    points_per_logit: float
    axes: Mapping[str, AxisStyle]
    development_ranges: Mapping[str, tuple[float, float] | None]
    eligibility: tuple[Criterion, ...]
    limits: Limits
    notes: Mapping[str, str]
    missing: tuple[str, ...]
    data: Mapping[str, Any]

    @property
    def wanted(self) -> dict[str, list[str]]:
        """Features to compute, by VOI."""
        return {voi: names for voi in VOIS if (names := [t.feature for t in self.terms if t.voi == voi])}

    @property
    def is_demo(self) -> bool:
        return self.kind == "demo"

    def with_data(self, **changes: Any) -> Signature:
        """A copy whose file has other top-level entries; checked like a file."""
        return parse({**self.data, **changes})


def available() -> list[Path]:
    """Signature files that are shipped, by name."""
    return sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".schema.json"))


def load(spec: str | Path) -> Signature:
    """Read a signature by the id of a shipped one, or from a file.

    Raises
    ------
    BadInput
        When there is none, or when the file breaks the contract; the sentence names the entry.
    """
    shipped = {path.stem: path for path in available()}
    aliases = {"demo": "ptlf-demo", "published": "ptlf-published"}
    path = shipped.get(aliases.get(str(spec), str(spec)), Path(spec))
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"There is no signature '{spec}'. Shipped are {', '.join(shipped)}; or name a signature file (JSON)."
        ) from error
    try:
        data = json.loads(text)
    except ValueError as error:
        raise BadInput(f"The signature file {Path(path).name} is not JSON: {error}.") from error
    try:
        return parse(data)
    except BadInput as error:
        raise BadInput(f"The signature file {Path(path).name} cannot be used: {error}") from error


def parse(data: Any) -> Signature:
    """A `Signature` from its JSON, every entry checked."""
    root = _Reader(data, "")
    if root.data.get("schema") != SCHEMA:
        raise BadInput(f"'schema' must be '{SCHEMA}', not {root.data.get('schema')!r}.")
    kind = root.choice("kind", ("published", "site", "demo"))
    terms = tuple(_term(root.child("terms", i)) for i in range(len(root.sequence("terms", at_least=1))))
    duplicates = {t.key for t in terms if sum(t.key == u.key for u in terms) > 1}
    if duplicates:
        raise BadInput(f"'terms' names {duplicates.pop()} twice.")
    extraction = ExtractionSettings.from_dict(root.mapping("extraction"))
    _check_extraction_covers(terms, extraction)
    outcome, nomogram = root.sub("outcome"), root.sub("nomogram")
    outcome.text("title", default="")
    nomogram.choice("origin", ORIGINS, default="")
    normalisation = _normalisation(root, terms)
    if normalisation is not None and normalisation.origin == "demo" and kind != "demo":
        raise BadInput("'normalisation.origin' is 'demo': the signature's 'kind' must be 'demo' too.")
    risk_model = _risk_model(root.sub("risk_model"))
    axes = {name: _axis(nomogram.sub("axes").sub(name)) for name in PREDICTORS}
    for name, axis in axes.items():
        _check_zero(name, axis, risk_model.coefficients[name])
    return Signature(
        id=root.text("id", pattern=r"[a-z0-9][a-z0-9._-]*"),
        version=root.text("version"),
        title=root.text("title"),
        kind=kind,
        citation=root.sub("citation").text("text"),
        outcome=outcome.text("name"),
        horizon=outcome.text("horizon"),
        population=root.text("population"),
        protocol=_protocol(root.sub("input")),
        voi_source=root.choice("voi_source", ("automatic", "corrected", "manual")),
        extraction=extraction,
        radscore_intercept=root.number("radscore_intercept"),
        terms=terms,
        normalisation=normalisation,
        risk_model=risk_model,
        points_per_logit=nomogram.number("points_per_logit", above=0),
        axes=axes,
        development_ranges=_ranges(root.sub("development_ranges")),
        eligibility=tuple(_criterion(root.child("eligibility", i)) for i in range(len(root.sequence("eligibility")))),
        limits=_limits(root),
        notes=dict(_note(root.child("notes", i)) for i in range(len(root.sequence("notes")))),
        missing=_texts(root, "missing"),
        data=data,
    )


def _term(entry: _Reader) -> Term:
    feature = entry.text("feature")
    if not is_feature_name(feature):
        raise BadInput(f"{entry.where('feature')} is '{feature}', which is no feature that can be computed.")
    return Term(entry.choice("voi", VOIS), feature, entry.number("coefficient"), entry.text("short", default=feature))


def _check_extraction_covers(terms: Sequence[Term], extraction: ExtractionSettings) -> None:
    from ..radiomics.names import image_type_of, log_sigma_of

    for term in terms:
        image_type = image_type_of(term.feature)
        if image_type not in extraction.image_types:
            raise BadInput(f"'terms' uses {term.feature}, but 'extraction' has no image type {image_type}.")
        sigma = log_sigma_of(term.feature)
        if sigma is not None and sigma not in extraction.image_types["LoG"]["sigma"]:
            raise BadInput(f"'terms' uses {term.feature}, but 'extraction' lists no LoG sigma of {sigma} mm.")


def _protocol(entry: _Reader) -> Protocol:
    phases = entry.sequence("phase", at_least=1)
    return Protocol(
        phases=tuple(_Reader({"phase": phase}, "input").choice("phase", PHASES) for phase in phases),
        slice_thickness_mm=entry.pair("slice_thickness_mm"),
        in_plane_spacing_mm=entry.pair("in_plane_spacing_mm"),
    )


def _normalisation(root: _Reader, terms: Sequence[Term]) -> Normalisation | None:
    if root.data.get("normalisation", "absent") is None:
        return None
    entry = root.sub("normalisation")
    mean, sd = {}, {}
    for i in range(len(entry.sequence("values"))):
        item = entry.child("values", i)
        key = item.text("voi"), item.text("feature")
        if key in mean:
            raise BadInput(f"'normalisation' names {' '.join(key)} twice.")
        mean[key], sd[key] = item.number("mean"), item.number("sd", above=0)
    lacking = [t.feature for t in terms if t.key not in mean]
    if lacking:
        raise BadInput(f"'normalisation' has no mean and SD of {', '.join(lacking)}.")
    return Normalisation(
        origin=entry.choice("origin", ("published", "site", "demo")),
        n=int(entry.number("n", above=1)),
        how=entry.text("how"),
        mean=mean,
        sd=sd,
    )


def _risk_model(entry: _Reader) -> RiskModel:
    intercept = None
    if entry.data.get("intercept", "absent") is not None:
        item = entry.sub("intercept")
        bounds = item.pair("range") if item.data.get("range") is not None else None
        intercept = Intercept(item.number("value"), item.choice("origin", ORIGINS), bounds, item.text("how"))
        if bounds and not bounds[0] <= intercept.value <= bounds[1]:
            raise BadInput(f"{item.where('range')} does not contain the intercept itself.")
    coefficients = entry.sub("coefficients")
    coefficients.only(PREDICTORS)
    for name, unit in UNITS.items():
        coefficients.sub(name).choice("origin", ORIGINS, default="")
        coefficients.sub(name).choice("unit", (unit,), default=unit)
    return RiskModel(
        intercept=intercept,
        coefficients={name: coefficients.sub(name).number("value") for name in PREDICTORS},
        covariance=_covariance(entry),
    )


def _covariance(entry: _Reader) -> np.ndarray | None:
    if entry.data.get("covariance") is None:
        return None
    item = entry.sub("covariance")
    names = ["intercept", *PREDICTORS]
    if item.sequence("names") != names:
        raise BadInput(f"{item.where('names')} must be {names}.")
    try:
        matrix = np.array(item.sequence("matrix"), dtype=float)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{item.where('matrix')} must be four rows of four numbers.") from error
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        raise BadInput(f"{item.where('matrix')} must be a symmetric matrix of four rows of four numbers.")
    if np.linalg.eigvalsh(matrix).min() < -1e-9 * np.abs(matrix).max():
        raise BadInput(f"{item.where('matrix')} is no covariance matrix: it has a negative eigenvalue.")
    return matrix


def _axis(entry: _Reader) -> AxisStyle:
    above = entry.data.get("hatched_above")
    return AxisStyle(
        label=entry.text("label"),
        range=entry.pair("range"),
        zero_points_at=entry.number("zero_points_at"),
        step=entry.number("step", above=0),
        hatched_above=None if above is None else entry.number("hatched_above"),
        hatch_note=entry.text("hatch_note", default=""),
    )


def _check_zero(name: str, axis: AxisStyle, coefficient: float) -> None:
    """No point of an axis may have points below 0, which the points ruler does not show."""
    if coefficient == 0:
        raise BadInput(f"'risk_model.coefficients.{name}.value' is 0: a predictor without effect has no axis.")
    low, high = axis.range
    least = low if coefficient >= 0 else high
    if coefficient * (least - axis.zero_points_at) < -1e-9:
        raise BadInput(
            f"'nomogram.axes.{name}.zero_points_at' is {axis.zero_points_at:g}: part of the axis would have points "
            f"below 0. With a coefficient of {coefficient:g} the end of 0 points is {least:g}."
        )


def _ranges(entry: _Reader) -> dict[str, tuple[float, float] | None]:
    return {name: None if entry.data.get(name) is None else entry.pair(name) for name in PREDICTORS}


def _criterion(entry: _Reader) -> Criterion:
    return Criterion(entry.text("id"), entry.choice("kind", ("inclusion", "exclusion")), entry.text("text"))


def _note(entry: _Reader) -> tuple[str, str]:
    return entry.text("id"), entry.text("text")


def _texts(entry: _Reader, key: str) -> tuple[str, ...]:
    values = entry.sequence(key)
    if not all(isinstance(value, str) for value in values):
        raise BadInput(f"{entry.where(key)} must be a list of texts.")
    return tuple(values)


def _limits(root: _Reader) -> Limits:
    if "limits" not in root.data:
        return Limits()
    entry = root.sub("limits")
    names = ("z_warn", "z_withhold", "bilirubin_umol_per_l", "inr_outcome")
    entry.only((*names, "origin"))
    return replace(Limits(), **{name: entry.number(name, above=0) for name in names if name in entry.data})


class _Reader:
    """Reads entries of a JSON object and says where in the file something is wrong."""

    def __init__(self, data: Any, path: str):
        if not isinstance(data, Mapping):
            raise BadInput(f"'{path or 'the file'}' must be a JSON object.")
        self.data, self._path = data, path

    def where(self, key: str) -> str:
        return f"'{self._path}.{key}'" if self._path else f"'{key}'"

    def _get(self, key: str) -> Any:
        if key not in self.data:
            raise BadInput(f"{self.where(key)} is missing.")
        return self.data[key]

    def mapping(self, key: str) -> Mapping[str, Any]:
        return self.sub(key).data

    def sub(self, key: str) -> _Reader:
        return _Reader(self._get(key), self.where(key).strip("'"))

    def child(self, key: str, index: int) -> _Reader:
        return _Reader(self._get(key)[index], f"{self.where(key)[1:-1]}[{index}]")

    def sequence(self, key: str, at_least: int = 0) -> list[Any]:
        value = self._get(key)
        if not isinstance(value, list) or len(value) < at_least:
            raise BadInput(f"{self.where(key)} must be a list of at least {at_least} entries.")
        return value

    def text(self, key: str, *, pattern: str | None = None, default: str | None = None) -> str:
        value = self._get(key) if default is None else self.data.get(key, default)
        if not isinstance(value, str) or (pattern and not re.fullmatch(pattern, value)):
            raise BadInput(f"{self.where(key)} must be a text{f' like {pattern}' if pattern else ''}.")
        return value

    def choice(self, key: str, allowed: Sequence[str], *, default: str | None = None) -> str:
        if default is not None and key not in self.data:
            return default
        value = self._get(key)
        if value not in allowed:
            raise BadInput(f"{self.where(key)} is {value!r}; it must be one of {', '.join(allowed)}.")
        return value

    def only(self, keys: Sequence[str]) -> None:
        """Refuse entries that would be read past in silence."""
        unknown = sorted(set(self.data) - set(keys))
        if unknown:
            raise BadInput(f"'{self._path}' has {', '.join(unknown)}; it may only have {', '.join(keys)}.")

    def number(self, key: str, *, above: float = -math.inf) -> float:
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise BadInput(f"{self.where(key)} is {value!r}; it must be a number.")
        if value <= above:
            raise BadInput(f"{self.where(key)} is {value}; it must be above {above:g}.")
        return float(value)

    def pair(self, key: str) -> tuple[float, float]:
        value = self._get(key)
        if not isinstance(value, list) or len(value) != 2:
            raise BadInput(f"{self.where(key)} must be [low, high].")
        low, high = (self.child_number(key, x) for x in value)
        if low >= high:
            raise BadInput(f"{self.where(key)} must be [low, high] with low below high.")
        return low, high

    def child_number(self, key: str, value: Any) -> float:
        return _Reader({key: value}, self._path).number(key)
