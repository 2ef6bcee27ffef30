"""Make docs/training-report.html and .csv from a folder that `ptlf train` has filled; pictures as JPEG, to be small.

./ptlf cohort sample --cases 25 --matrix 256 --out samples
./ptlf train --cases samples/cohort.csv --out trained --preset small --device cpu --name "Sample cases" ...
python docs/training_report.py trained
"""

import base64
import io
import re
import shutil
import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
PNG = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


def jpeg(found: re.Match) -> str:
    data = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB").save(data, "JPEG", quality=60)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"


def main(trained: Path) -> None:
    page = (trained / "report.html").read_text(encoding="utf-8")
    (DOCS / "training-report.html").write_text(PNG.sub(jpeg, page), encoding="utf-8")
    shutil.copyfile(trained / "table1.csv", DOCS / "training-report.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
