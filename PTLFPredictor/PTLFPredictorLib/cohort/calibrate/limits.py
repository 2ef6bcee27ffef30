"""What a calibration may give: a risk, a relative score, or nothing; and the sentence that says why."""

from __future__ import annotations

from ...errors import BadInput

LEAST_CASES, FEW_CASES = 50, 100
"""Cases for a normalisation: refused below the first, warned below the second."""

LEAST_EVENTS = 20
"""Cases with the outcome, and without, for a risk."""

HIGHEST_SE, HIGH_SE = 0.4, 0.3
"""Standard error of the linear predictor at the median case: no risk above the first, warned above the second."""


def check_cases(n: int, others: str = "") -> str:
    """A warning on the number of cases behind a normalisation, "" where they are enough.

    Parameters
    ----------
    n : int
    others : str
        What became of the others (`Flow.words`).

    Raises
    ------
    BadInput
        Below `LEAST_CASES`.
    """
    if n < LEAST_CASES:
        raise BadInput(
            f"{n} cases are left for the mean and SD of the features; at least {LEAST_CASES} are needed, {FEW_CASES} "
            f"or more are better.{f' Not among them: {others}.' if others else ''}"
        )
    if n < FEW_CASES:
        return (
            f"Mean and SD of the features stand on {n} cases; from {FEW_CASES} on they would be more certain. What "
            "that does to a patient stands in the report."
        )
    return ""


def too_few_known(n: int, others: str = "") -> str:
    """Why there is no risk, "" where enough cases have a known outcome and all values of the model.

    Parameters
    ----------
    n : int
        Those that have.
    others : str
        What became of the others (`Flow.words`).
    """
    if n < LEAST_CASES:
        why = f" (not among them: {others})" if others else ""
        return f"outcome and all values of the model are known in {n} cases{why}, and a risk needs {LEAST_CASES}"
    return ""


def too_few_events(events: int, n: int, outcome: str) -> str:
    """Why there is no risk, "" where there are enough cases with and without the outcome."""
    needs = f"and a risk needs {LEAST_EVENTS} with it and {LEAST_EVENTS} without"
    if events < LEAST_EVENTS:
        return f"{events} of {n} cases have {outcome}, {needs}"
    if n - events < LEAST_EVENTS:
        return f"{n - events} of {n} cases have no {outcome}, {needs}"
    return ""


def too_uncertain(standard_error: float) -> str:
    """Why there is no risk, "" where the linear predictor is certain enough."""
    if standard_error > HIGHEST_SE:
        return (
            f"the standard error of the linear predictor at the median case is {standard_error:.2f}, and a risk is "
            f"given up to {HIGHEST_SE:g}: more cases are needed"
        )
    return ""


def wide(standard_error: float) -> str:
    """A warning on a standard error that is still allowed, "" where it is small."""
    if HIGH_SE < standard_error <= HIGHEST_SE:
        return (
            f"The standard error of the linear predictor at the median case is {standard_error:.2f}, above "
            f"{HIGH_SE:g}: intervals are wide. More cases would narrow them."
        )
    return ""


def against_the_score(slope: float, se: float) -> str:
    """Why there is no risk, "" where a higher Radscore goes with a higher risk."""
    if slope <= 0:
        return (
            f"in these cases a higher Radscore does not go with a higher risk (slope {slope:.3f}, standard error "
            f"{se:.3f}): the score does not carry over"
        )
    return ""


def adds_little(slope: float, se: float) -> str:
    """A warning where the 95 % interval of the Radscore's slope holds 0, "" elsewhere."""
    if 0 < slope <= 1.96 * se:
        return (
            f"The Radscore's slope is {slope:.3f} with a standard error of {se:.3f}: in these cases it cannot be told "
            "from 0, and the risk may rest on the other predictors alone."
        )
    return ""
