"""JSON that people edit at a hospital is read as Windows saves it: with a byte order mark, in UTF-16."""

import json

import pytest

from PTLFPredictorLib import json_text
from PTLFPredictorLib.errors import BadInput
from PTLFPredictorLib.segmentation.model_folder import read_json
from PTLFPredictorLib.signature import load, read_answers

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_signature_answers_and_model_are_read(published_data, tmp_path, encoding):
    texts = {
        "signature": {**published_data, "title": "Prüfung"},
        "answers": {"hcc_confirmed": True},
        "model": {"id": "ö"},
    }
    for name, data in texts.items():
        (tmp_path / f"{name}.json").write_bytes(json.dumps(data, ensure_ascii=False).encode(encoding))
    assert load(tmp_path / "signature.json").title == "Prüfung"
    assert read_answers(tmp_path / "answers.json") == {"hcc_confirmed": True}
    assert read_json(tmp_path / "model.json") == {"id": "ö"}


def test_another_encoding_is_named_with_what_to_do(published_data, tmp_path):
    path = tmp_path / "signature.json"
    path.write_bytes(json.dumps({**published_data, "title": "Prüfung"}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(BadInput, match="is not JSON: its text is not in Unicode; save it as UTF-8"):
        load(path)


def test_what_is_ambiguous_stays_an_error_in_any_encoding():
    for text in ('{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1e999}'):
        with pytest.raises(ValueError, match=r"twice|NaN|too large"):
            json_text.loads(text.encode("utf-16"))
