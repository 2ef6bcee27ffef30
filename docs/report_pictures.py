"""Pictures of a report's pages for README and docs: ``python docs/report_pictures.py demo/report.html docs``.

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


def main(report: Path, folder: Path, dpi: int = 100) -> int:
    with tempfile.TemporaryDirectory() as work:
        pdf = Path(work) / "report.pdf"
        profile = f"--user-data-dir={work}/profile"
        command = ["chromium", *FLAGS, profile, f"--print-to-pdf={pdf}", report.resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        subprocess.run(["pdftoppm", "-r", str(dpi), "-png", pdf, Path(work) / "report"], check=True)
        pages = sorted(Path(work).glob("report-*.png"))
        for page in pages:
            (folder / page.name).write_bytes(page.read_bytes())
    print(f"{len(pages)} A4 pages")
    return len(pages)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
