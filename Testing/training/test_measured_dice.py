"""A package says which Dice its model reaches, as its card does: the panel and `ptlf models show` tell it."""

import pytest

from PTLFPredictorLib.segmentation.model_list import measured_text
from PTLFPredictorLib.training.result import dice_of


def table(**means):
    regions = {region: {"dice": {"mean": mean}} for region, mean in means.items()}
    return {"parts": {"test": {"regions": regions}}}


def test_means_over_the_test_cases():
    said = dice_of(table(parenchyma=0.95678, tumor=0.71234), 12)
    assert said == {
        "dice_liver": 0.957,
        "dice_tumor": 0.712,
        "dice_of": "12 CTs of the same site that it had not seen",
    }
    assert measured_text(said) == ["Dice: liver 0.96, tumour 0.71 (12 CTs of the same site that it had not seen)"]


@pytest.mark.parametrize("mean", [None, float("nan")])
def test_what_has_no_mean_is_not_said(mean):
    assert dice_of(table(parenchyma=0.9, tumor=mean), 3).keys() == {"dice_liver", "dice_of"}
    assert dice_of(table(parenchyma=mean), 3) == {}
    assert dice_of({"parts": {}}, 0) == {}
