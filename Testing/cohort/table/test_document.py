"""The page of findings on a table."""

from PTLFPredictorLib.cohort.table import CohortTable
from PTLFPredictorLib.cohort.table.document import document
from PTLFPredictorLib.render.report import write
from PTLFPredictorLib.signature import load


def test_the_page_names_row_and_column_and_what_must_be_mended(tmp_path):
    (tmp_path / "t.csv").write_text("id,ALB [g/L],PTLF\nP1,4,1\nP2,41,0\nP2,42,0\n", encoding="utf-8")
    table = CohortTable.read(tmp_path / "t.csv", load("ptlf-published"), images=False)
    write(document(table, "PTLFPredictor"), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for words in ("must be mended", "the case id is that of row 3", "is it 4 g/dL?", "ALB [g/L]", table.sha256):
        assert words in page, words
    assert "Nothing is fitted" in page
    listed = (tmp_path / "tables" / "table_findings.csv").read_text(encoding="utf-8-sig")
    assert listed.count("\n") == 1 + len(table.findings)
