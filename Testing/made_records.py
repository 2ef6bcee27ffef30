"""Records of the phantom with made-up features, for tests of what is made of a record."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from typing import Any

from abdomen import image_of, phantom_arrays
from PTLFPredictorLib.case import Question, assess_case, make_record
from PTLFPredictorLib.confirmation import Confirmation
from PTLFPredictorLib.ct import canonical
from PTLFPredictorLib.folders import data_folder
from PTLFPredictorLib.measures.radiomics import FeatureVector
from PTLFPredictorLib.record import ResultRecord
from PTLFPredictorLib.sample import known
from PTLFPredictorLib.segmentation.origin import Drawn, Known, Origin
from PTLFPredictorLib.segmentation.segments import Segments
from PTLFPredictorLib.signature import Entered, Signature

RAW = 1.8
"""Every feature of the phantom, as far as these records go."""

READER = Confirmation("Dr Reader", "2026-11-25T10:00:00+01:00")

BY_HAND = Origin(Drawn.HAND, Known.READER, named=READER)


def raw_of(signature: Signature) -> dict:
    """The features of `record_of`, for signatures that are made to fit them."""
    return {(voi, name): RAW for voi, names in signature.wanted.items() for name in names}


def demo_data(data: Mapping[str, Any]) -> dict:
    """The published signature's data as a demo signature's: means of 1 and SDs of 2, an intercept fitted on 40."""
    made = copy.deepcopy(dict(data))
    values = [{"voi": t["voi"], "feature": t["feature"], "mean": 1.0, "sd": 2.0} for t in made["terms"]]
    made.update(kind="demo", id="ptlf-test", normalisation={"origin": "demo", "n": 40, "how": "", "values": values})
    made["outcome"]["intercept"].update(origin="fitted", range=None)
    return made


def record_of(
    signature: Signature, sample: bool = False, origin: Origin | None = None, **question: Any
) -> ResultRecord:
    """The phantom's record; `sample` as if it were a sample case of the product.

    `question` are fields of `Question`; ALB 43.6 g/L and INR 1.09 are entered where it does not say otherwise.
    """
    hu, labels = phantom_arrays()
    ct = canonical(image_of(hu), signature.protocol)
    image = image_of(labels)
    image.CopyInformation(ct.image)
    segments = Segments(image, origin or Origin(format="NRRD")).checked(ct)
    asked = Question(signature, **{"entered": Entered({"ALB": 43.6, "INR": 1.09}), **question})
    vectors = {
        voi: FeatureVector(voi, dict.fromkeys(names, RAW), "builtin", "1", signature.extraction, "a" * 64, "b" * 64)
        for voi, names in signature.wanted.items()
    }
    if sample:
        known.remember(ct.identity, 1, {})
    assessed = assess_case(asked, ct, segments, vectors)
    shutil.rmtree(data_folder() / "samples", ignore_errors=True)
    return make_record(asked, segments, assessed, {"ct": 1.0})
