"""A cohort's report on R's reference cohort, and pictures of its pages: ``python docs/cohort_report_pictures.py DIR``.

For looking at the layout; the cases are synthetic.  Needs headless Chromium and pdftoppm.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / "PTLFPredictor"),
    str(ROOT / "Testing"),
    str(ROOT / "Testing/cohort/report"),
    str(ROOT / "docs"),
]

import report_pictures
from made_document import document

from PTLFPredictorLib.cohort import report

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    files = report.write(document(), folder)
    print(f"{files[0]}: {files[0].stat().st_size / 1e3:.0f} kB, {len(files) - 1} tables")
    report_pictures.main(files[0], folder)
