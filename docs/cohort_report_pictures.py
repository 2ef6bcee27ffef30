"""A cohort's report on R's reference cohort, and pictures of its pages: ``python docs/cohort_report_pictures.py DIR``.

For looking at the layout; the cases are synthetic.  Needs headless Chromium and pdftoppm (Debian: chromium,
poppler-utils).
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "PTLFPredictor")]

import report_pictures  # noqa: E402

from made_cohort_report import document  # noqa: E402
from PTLFPredictorLib.cohort import report  # noqa: E402


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files = report.write(document(), folder)
    print(f"{files[0]}: {files[0].stat().st_size / 1e3:.0f} kB, {len(files) - 1} tables")
    report_pictures.main(files[0], folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
