"""The demonstration signature: what is fitted is a signature file that can be used."""

import json

import jsonschema
import numpy as np

from PTLFPredictorLib.cohort import demo_signature
from PTLFPredictorLib.signature import completeness, geometry, load, parse
from PTLFPredictorLib.signature.files import FOLDER


def test_a_fit_gives_a_file_of_todays_schema_like_the_shipped_one(capsys):
    drawn = np.random.default_rng(5)
    seeds = list(range(demo_signature.FIRST_SEED, demo_signature.FIRST_SEED + 60))
    features = [
        [
            {"voi": term.voi.in_files, "feature": term.feature, "value": float(drawn.lognormal())}
            for term in load("ptlf-published").terms
        ]
        for _ in seeds
    ]
    data = demo_signature.fit(seeds, features, "model")
    jsonschema.validate(data, json.loads((FOLDER / "signature.schema.json").read_text(encoding="utf-8")))
    made, shipped = parse(json.loads(json.dumps(data))), load("ptlf-demo")
    assert completeness(made) == "demo"
    assert made.covariance.names == ("intercept", "ALB", "INR", "Radscore")
    assert [one.quantity for one in made.predictors] == [one.quantity for one in shipped.predictors]
    assert made.data["outcome"].keys() == shipped.data["outcome"].keys()
    assert made.data["nomogram"].keys() == shipped.data["nomogram"].keys()
    assert max(axis.points_high for axis in geometry(made).axes) <= geometry(made).points_max
    capsys.readouterr()
