"""Pictures of a report's pages for README and docs: ``python docs/report_pictures.py demo/report.html docs``.

A report.pdf of the panel is taken as it is.

Needs headless Chromium and pdftoppm (Debian: chromium, poppler-utils).  Prints the number of A4 pages.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --no-pdf-header-footer"
).split()


def printed(report: Path, work: Path) -> Path:
    """The page as a browser prints it."""
    pdf = work / "report.pdf"
    command = ["chromium", *FLAGS, f"--user-data-dir={work}/profile", f"--print-to-pdf={pdf}"]
    subprocess.run([*command, report.resolve().as_uri()], check=True, capture_output=True, timeout=120)
    return pdf


def main(report: Path, folder: Path, dpi: int = 100) -> int:
    with tempfile.TemporaryDirectory() as work:
        pdf = report if report.suffix == ".pdf" else printed(report, Path(work))
        subprocess.run(["pdftoppm", "-r", str(dpi), "-png", pdf, Path(work) / "report"], check=True)
        pages = sorted(Path(work).glob("report-*.png"))
        for page in pages:
            (folder / page.name).write_bytes(page.read_bytes())
    print(f"{len(pages)} A4 pages")
    return len(pages)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
