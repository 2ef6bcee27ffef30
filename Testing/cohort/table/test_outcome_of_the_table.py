"""Liver failure after TACE from its components, by the paper's rule and by the consensus'."""

import itertools

import pytest

from PTLFPredictorLib.cohort.table import Components, OutcomeRule, Sign
from PTLFPredictorLib.cohort.table.outcome import new_or_worse

NO, YES = Sign(False), Sign(True)
NEITHER = {"ascites": NO, "encephalopathy": NO, "ascites_before": NO, "encephalopathy_before": NO}


def outcomes(**parts):
    made = Components(**{**NEITHER, **parts})
    return made.outcome(OutcomeRule.PAPER_ANY), made.outcome(OutcomeRule.APASL_ALL)


def test_the_paper_counts_any_criterion_and_the_consensus_all_of_them():
    assert outcomes(bilirubin_umol_per_l=20, inr=1.1) == (False, False)
    assert outcomes(bilirubin_umol_per_l=85, inr=1.1) == (True, False)
    assert outcomes(bilirubin_umol_per_l=20, inr=1.6) == (True, False)
    assert outcomes(bilirubin_umol_per_l=20, inr=1.1, ascites=YES) == (True, False)
    assert outcomes(bilirubin_umol_per_l=90, inr=1.6) == (True, False)
    assert outcomes(bilirubin_umol_per_l=90, inr=1.6, encephalopathy=YES) == (True, True)


def test_limits_are_those_of_the_paper():
    """Bilirubin at least 85 umol/L, INR above 1.5, prothrombin activity below 40 %."""
    assert Components(bilirubin_umol_per_l=85.0).jaundice
    assert not Components(bilirubin_umol_per_l=84.9).jaundice
    assert not Components(inr=1.5).coagulopathy
    assert Components(inr=1.51).coagulopathy
    assert not Components(pta_percent=40).coagulopathy
    assert Components(pta_percent=39.9).coagulopathy
    assert Components(inr=1.2, pta_percent=35).coagulopathy


def test_ascites_that_was_there_before_is_not_new():
    assert outcomes(bilirubin_umol_per_l=20, inr=1.1, ascites=YES, ascites_before=YES) == (False, False)


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        (None, None, None),
        (None, NO, False),
        (None, YES, None),
        (NO, YES, True),
        (YES, NO, False),
        (YES, YES, False),
        (Sign(True, 1), Sign(True, 2), True),
        (Sign(True, 2), Sign(True, 2), False),
        (Sign(True, 2), Sign(True, 1), False),
        (YES, Sign(True, 2), None),
        (Sign(True, 1), YES, None),
        (NO, None, None),
    ],
)
def test_new_or_worse(before, after, counts):
    assert new_or_worse(before, after) is counts


def test_what_is_not_known_decides_nothing_by_itself():
    assert outcomes(inr=1.1) == (None, False)  # no bilirubin; without decompensation the consensus is not met
    assert outcomes(bilirubin_umol_per_l=90) == (True, False)
    assert Components(bilirubin_umol_per_l=90, inr=1.6).outcome(OutcomeRule.APASL_ALL) is None
    assert Components().outcome(OutcomeRule.PAPER_ANY) is None


def test_an_outcome_is_told_only_where_no_unknown_could_change_it():
    """Each unknown component replaced by all it could be: a told outcome is the outcome of every one of them."""
    bilirubin, inr, signs = (None, 20.0, 100.0), (None, 1.0, 2.0), (None, NO, YES, Sign(True, 1), Sign(True, 2))
    for b, i, before, after in itertools.product(bilirubin, inr, signs, signs):
        parts = Components(b, i, None, after, NO, before, NO)
        for rule in OutcomeRule:
            told = parts.outcome(rule)
            if told is None:
                continue
            filled = (
                Components(*combined, None, a, NO, z, NO).outcome(rule)
                for combined in itertools.product([b] if b else bilirubin[1:], [i] if i else inr[1:])
                for a, z in itertools.product([after] if after else signs[1:3], [before] if before else signs[1:3])
            )
            assert set(filled) == {told}, parts
