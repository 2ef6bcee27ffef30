"""Who drew the segments, against what the signature was fitted on: shown, shown with a note, or withheld."""

import pytest

from made_signatures import MODEL, SITE, alb_inr, normalised, site
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.signature import assess, evidence, load, masks, parse

SIGNED = Confirmation("Dr Reader", "2026-11-25T10:00:00+01:00")
OTHER = {**MODEL, "title": "Another model", "weights_sha256": "b" * 64}

HAND = Origin(Drawn.HAND, Known.READER)
UNKNOWN = Origin()


def by_model(changed=0.0, sign_off=None, model=MODEL, at_least=False):
    return Origin(Drawn.MODEL, Known.RUN, model, changed, at_least, sign_off=sign_off)


def fitted_on(by_hand=False, edited_share=0.0, models=(MODEL["weights_sha256"],)):
    return {"masks": evidence.ObservedMasks(models, by_hand, edited_share)}


WITH_EVIDENCE = [
    ("the model of the fit", fitted_on(), by_model(), None),
    (
        "the model of the fit, by the hash of its weights",
        fitted_on(),
        by_model(model={"weights_sha256": "a" * 64}),
        None,
    ),
    ("another model", fitted_on(), by_model(model=OTHER), "withhold"),
    ("another model, corrected and signed", fitted_on(), by_model(0.2, SIGNED, OTHER), "withhold"),
    ("by hand", fitted_on(), HAND, "withhold"),
    ("by hand, as cases of the fit", fitted_on(by_hand=True), HAND, None),
    ("less than 1 % changed", fitted_on(), by_model(0.009), "warn"),
    ("3 % changed and signed", fitted_on(), by_model(0.03, SIGNED), "warn"),
    ("3 % changed, not signed", fitted_on(), by_model(0.03), "withhold"),
    ("3 % changed, as cases of the fit", fitted_on(edited_share=0.05), by_model(0.03), None),
    ("nobody knows how much is changed", fitted_on(edited_share=0.05), by_model(1e-5, at_least=True), "withhold"),
    ("nobody knows how much is changed, signed", fitted_on(), by_model(1e-5, SIGNED, at_least=True), "warn"),
    ("nobody knows", fitted_on(), UNKNOWN, None),
]

WITHOUT = [
    ("automatic", by_model(), "warn"),
    ("automatic", by_model(0.03, SIGNED), "warn"),
    ("automatic", by_model(0.03), "withhold"),
    ("automatic", HAND, "withhold"),
    ("manual", by_model(), "withhold"),
    ("manual", by_model(0.03, SIGNED), "withhold"),
    ("manual", HAND, None),
    ("corrected", by_model(), "withhold"),
    ("corrected", by_model(0.03, SIGNED), None),
    ("corrected", by_model(0.03), "withhold"),
    ("corrected", HAND, "withhold"),
    ("manual", UNKNOWN, None),
]


def outcome(signature, origin):
    """Level of the finding, and whether the score is shown."""
    features = {term.key: 11.0 for term in signature.terms}
    shown = assess(signature, features, alb_inr(43.6, 1.09), [], origin=origin)
    found = [finding for finding in shown.findings if finding.code == masks.CODE]
    return (found[0].level if found else None), shown.radscore.value is not None


@pytest.mark.parametrize(("_", "observed", "origin", "level"), WITH_EVIDENCE, ids=[row[0] for row in WITH_EVIDENCE])
def test_evidence_decides_whose_segments_are_scored(published_data, _, observed, origin, level):
    signature = parse(site(published_data, **observed))
    assert outcome(signature, origin) == (level, level != "withhold")


@pytest.mark.parametrize(("voi_source", "origin", "level"), WITHOUT)
def test_without_evidence_voi_source_decides(published_data, voi_source, origin, level):
    signature = parse({**normalised(published_data, "site"), "voi_source": voi_source})
    assert outcome(signature, origin) == (level, level != "withhold")


def test_the_sentences_name_both_sides(published_data):
    (found,) = masks.findings(parse(site(published_data)), by_model(model=OTHER))
    assert found.message == (
        "The segments were drawn by the model 'Another model', but the signature was fitted on segments of another "
        "model. Use the model that it was fitted with."
    )
    (found,) = masks.findings(parse(site(published_data)), by_model(0.034, SIGNED))
    assert found.message == (
        "A reader has changed 3.4 % of the segments' voxels; the signature was fitted on them uncorrected."
    )
    (found,) = masks.findings(parse(site(published_data)), by_model(0.034, model={**MODEL, "id": "ours"}))
    assert found.message.endswith(
        "Sign the segments off to see the score (in a shell: --mask-origin model:ours and --reader NAME)."
    )
    (found,) = masks.findings(parse(normalised(published_data, "site")), by_model())
    assert found.message.endswith("fitted on segments of a model, but its file does not say of which.")


@pytest.mark.parametrize("origin", [HAND, by_model(), by_model(0.5), by_model(model=OTHER)])
def test_where_there_is_no_score_the_origin_of_the_segments_is_a_note_at_most(origin):
    found = masks.findings(load("ptlf-published"), origin)
    assert {finding.level for finding in found} <= {"warn"}


def test_the_demo_signature_takes_its_own_models_segments_without_a_note():
    assert masks.findings(load("demo"), by_model()) == ()
    assert [finding.level for finding in masks.findings(load("demo"), HAND)] == ["withhold"]


def test_the_cases_of_these_tests_are_the_sites():
    assert SITE.masks.models == (MODEL["weights_sha256"],)
