"""The golden table: what the product puts out on some dozens of inputs, so that a restructuring can be compared.

    python Testing/golden/make_table.py --root CHECKOUT --out table.json[.gz] [--only GLOB]
    python Testing/golden/make_table.py compare before.json[.gz] after.json [--reasons reasons.json] [--rel 1e-9]

The product is driven from outside alone, as the launcher starts it, and the panel by clicks in the stand-in; so this
very script runs against any checkout, in the Python environment that it is started with.  What differs from run to
run is levelled: times, seconds, versions, platform, paths.  `compare` prints every difference with its place, and
what was only moved; its exit code is 1 where a difference has no reason.  Reasons are
``[{"where": "predict*/result.json/schema", "lines": "regular expression", "reason": "..."}]``; ``*`` also matches a
"/", and `lines`, where given, must be found in every line that went or came.
"""

from __future__ import annotations

import argparse
import difflib
import gzip
import hashlib
import html
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

CT = ("--ct", "{in}/ct.nii.gz")
CASE = (*CT, "--segmentation", "{in}/labels.nii.gz")
HAND = ("--mask-origin", "hand", "--reader", "A. Reader")
LABORATORY = ("--alb", "43.6", "--inr", "1.09")
EXAMPLE = (*LABORATORY, "--radscore", "7.72")
SAMPLE = ("--ct", "{in}/sample.nrrd", "--segmentation", "{in}/sample-labels.nii.gz", *LABORATORY)
THIN = ("--ct", "{in}/thin.nrrd", "--segmentation", "{in}/thin-labels.nrrd")
SMALL = ("--ct", "{in}/small.nii.gz", "--segmentation", "{in}/small-labels.nii.gz", *HAND)
READ = (*CASE, *HAND, "--all-criteria-met", "--out", "out")


def signed(name: str) -> tuple[str, str]:
    return "--signature", f"{{signatures}}/{name}.json"


CASES: dict[str, tuple[str, ...]] = {
    "demo": ("demo", "--out", "out"),
    # One patient, from CT and given segments to the report.
    "predict published": ("predict", *CASE, *LABORATORY, "--out", "out"),
    "predict seg.nrrd": (
        "predict", *CT, "--segmentation", "{in}/segments.seg.nrrd", *LABORATORY, *HAND, "--out", "out",
    ),
    "predict dicom": (
        "predict", "--ct", "{in}/dicom", "--segmentation", "{in}/labels.nii.gz", *LABORATORY, *HAND,
        "--phase", "portal venous", "--all-criteria-met", "--out", "out",
    ),
    "predict what-if": ("predict", *CASE, *EXAMPLE, *HAND, "--out", "out"),
    "predict no INR": ("predict", *CASE, "--alb", "43.6", *HAND, "--out", "out"),
    "predict g per dL": (
        "predict", *CASE, "--alb", "4.36", "--alb-unit", "g/dL", "--inr", "1.09", *HAND, "--out", "out",
    ),
    "predict violated": ("predict", *CASE, *LABORATORY, *HAND, "--eligibility", "{in}/violated.json", "--out", "out"),
    "predict post-processing": (
        "predict", *CASE, *LABORATORY, *HAND, "--fill-holes", "--drop-below", "0.5", "--largest-tumor", "--out", "out",
    ),
    "predict roles": (
        "predict", *CT, "--segmentation", "{in}/nine.nii.gz", "--labels", "parenchyma=1,tumor=9", *HAND, "--out", "out",
    ),
    "predict unknown label": ("predict", *CT, "--segmentation", "{in}/nine.nii.gz", *HAND, "--out", "out"),
    "predict thin": ("predict", *THIN, *LABORATORY, *HAND, "--out", "out"),
    "predict to protocol": ("predict", *THIN, *LABORATORY, *HAND, "--to-protocol", "--out", "out"),
    "predict demonstration": ("predict", *SAMPLE, "--signature", "demo", "--demonstration", *HAND, "--out", "out"),
    "predict demo, not asked for": ("predict", *SAMPLE, "--signature", "demo", *HAND, "--out", "out"),
    "predict demo, another CT": (
        "predict", *CASE, *LABORATORY, "--signature", "demo", "--demonstration", *HAND, "--out", "out",
    ),
    "predict complete": ("predict", *READ, *LABORATORY, *signed("site-complete")),
    "predict complete, criteria open": ("predict", *CASE, *HAND, "--out", "out", *LABORATORY, *signed("site-complete")),
    "predict complete, no ALB": ("predict", *READ, "--inr", "1.09", *signed("site-complete")),
    "predict complete, what-if": ("predict", *READ, *EXAMPLE, *signed("site-complete")),
    "predict public": ("predict", *READ, *LABORATORY, *signed("public")),
    "predict site without outcomes": ("predict", *READ, *LABORATORY, *signed("site-without-outcomes")),
    "predict site void": ("predict", *READ, *LABORATORY, *signed("site-void")),
    "predict typed in": ("predict", *READ, *LABORATORY, *signed("typed-in")),
    "segment": ("segment", "--ct", "{in}/sample.nrrd", "--out", "labels.nii.gz"),
    # Features.
    "features signature": ("features", *CASE, *HAND, "--signature", "ptlf-published", "--out", "f.json"),
    "features signature csv": ("features", *CASE, *HAND, "--signature", "ptlf-published", "--out", "f.csv"),
    "features all": ("features", *SMALL, "--all", "--out", "f.json"),
    "features all csv": ("features", *SMALL, "--all", "--out", "f.csv"),
    # Typed values.
    "nomogram published": ("nomogram", *EXAMPLE),
    "nomogram published json": ("nomogram", *EXAMPLE, "--json"),
    "nomogram g per dL": ("nomogram", "--alb", "4.36", "--alb-unit", "g/dL", "--inr", "1.09", "--radscore", "7.72"),
    "nomogram off axis": ("nomogram", "--alb", "58", "--inr", "4.5", "--radscore", "60"),
    "nomogram no INR": ("nomogram", "--alb", "43.6", "--radscore", "7.72"),
    "nomogram demo": ("nomogram", *EXAMPLE, "--signature", "demo", "--demonstration"),
    "nomogram demo json": ("nomogram", *EXAMPLE, "--signature", "demo", "--demonstration", "--json"),
    "nomogram demo, not asked for": ("nomogram", *EXAMPLE, "--signature", "demo"),
    "nomogram complete": ("nomogram", *EXAMPLE, *signed("site-complete")),
    # What is here.
    "signatures list": ("signatures", "list"),
    "signatures show published": ("signatures", "show", "ptlf-published"),
    "signatures show demo": ("signatures", "show", "ptlf-demo"),
    "signatures show complete": ("signatures", "show", "{signatures}/site-complete.json"),
    "signatures check published": ("signatures", "check", "ptlf-published"),
    "signatures check public": ("signatures", "check", "{signatures}/public.json"),
    "signatures check void": ("signatures", "check", "{signatures}/site-void.json"),
    "signatures set-intercept": (
        "signatures", "set-intercept", "--point", "100", "0.2", "--point", "110.59", "0.6", "--out", "s.json",
    ),
    "models list": ("models", "list"),
    "models verify": ("models", "verify", "ptlf-demo-1"),
    "doctor": ("doctor",),
    "version": ("--version",),
    # Refused.
    "refused no CT": ("predict", "--ct", "{in}/nowhere.nii.gz", "--segmentation", "{in}/labels.nii.gz", "--out", "out"),
    "refused empty folder": ("predict", "--ct", "{in}/empty", "--segmentation", "{in}/labels.nii.gz", "--out", "out"),
    "refused no image": (
        "predict", "--ct", "{in}/not.nii.gz", "--segmentation", "{in}/labels.nii.gz", "--out", "out",
    ),
    "refused segments elsewhere": ("predict", *CT, "--segmentation", "{in}/elsewhere.nii.gz", "--out", "out"),
    "refused role": ("predict", *CASE, "--labels", "pancreas=1", "--out", "out"),
    "refused albumin": ("predict", *CASE, "--alb", "4.36", "--inr", "1.09", "--out", "out"),
    "refused INR": ("predict", *CASE, "--alb", "43.6", "--inr", "14", "--out", "out"),
    "refused signature": ("predict", *CASE, "--signature", "no-such", "--out", "out"),
    "refused answers": ("predict", *CASE, "--eligibility", "{in}/unknown.json", "--out", "out"),
    "refused answers, no JSON": ("predict", *CASE, "--eligibility", "{in}/not.json", "--out", "out"),
    "refused no reader": ("predict", *CASE, "--all-criteria-met", "--out", "out"),
    "refused phase": ("predict", *CASE, "--phase", "sideways", "--reader", "A. Reader", "--out", "out"),
    "refused output is input": ("features", *CASE, "--all", "--out", "{in}/ct.nii.gz"),
    "refused to protocol of all": ("features", *THIN, *HAND, "--all", "--to-protocol", "--out", "f.json"),
    "refused name of labels": ("segment", *CT, "--out", "labels.jpg"),
    "refused model": ("segment", *CT, "--model", "no-such", "--out", "labels.nii.gz"),
    "refused model folder": ("models", "verify", "{in}/empty"),
    "refused model archive": ("models", "add", "{in}/not.json"),
    "refused nomogram": ("nomogram", *LABORATORY),
    "refused option": ("predict", *CASE, "--no-such-option"),
    "refused command": ("no-such-command",),
}  # fmt: skip

HELP = (
    "", "demo", "predict", "segment", "features", "nomogram", "models", "models list", "models add", "models verify",
    "models remove", "signatures", "signatures list", "signatures show", "signatures check",
    "signatures set-intercept", "doctor", "panel", "bench", "test",
)  # fmt: skip
CASES |= {f"help {words}".strip(): (*words.split(), "--help") for words in HELP}

DOCTOR_WORDS = 2
"""Words at the start of each of doctor's lines that are the same on any computer."""

SAMPLES_OF_ALL = 10
"""Values of all 3748 features that are kept in full; the others as a hash of 9 significant digits."""

LONG = 400
"""Characters from which a text without spaces (a picture) is kept as a hash."""


# Making the table


@dataclass
class Runner:
    """Runs the product of a checkout in a folder of its own, and levels what it says.

    Parameters
    ----------
    root : Path
        The checkout.
    work : Path
        Empty folder for inputs and outputs.
    """

    root: Path
    work: Path
    versions: set[str] = field(default_factory=set)

    @property
    def inputs(self) -> Path:
        return self.work / "in"

    def environment(self, data: Path, *more: Path) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
        paths = [self.root / "PTLFPredictor", *more]
        return kept | {
            "HOME": str(self.work), "PTLF_DATA": str(data), "PTLF_ROOT": str(self.root), "COLUMNS": "120",
            "PYTHONPATH": os.pathsep.join(map(str, paths)), "LANG": "C.UTF-8", "NO_COLOR": "1", "TZ": "UTC",
            "OMP_NUM_THREADS": "2", "QT_QPA_PLATFORM": "offscreen", "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip

    def make_inputs(self) -> None:
        self.inputs.mkdir()
        command = [sys.executable, str(HERE / "inputs.py"), str(self.inputs)]
        subprocess.run(command, env=self.environment(self.work / "data-in"), check=True)

    def run(self, name: str, words: Sequence[str]) -> dict[str, Any]:
        """One call of the command line, with data of its own."""
        folder = self.work / re.sub(r"\W+", "-", name)
        folder.mkdir()
        places = {"in": self.inputs, "signatures": HERE / "signatures"}
        command = [sys.executable, "-P", "-m", "PTLFPredictorLib.cli", *(word.format(**places) for word in words)]
        environment = self.environment(folder / "data")
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        found = {"exit": ended.returncode, **files_of(folder, self)}
        said = ended.stdout
        if "--json" in words:
            found["json"], said = level_json(json.loads(said)), ""
        if name == "doctor":
            said = "\n".join(" ".join(line.split()[:DOCTOR_WORDS]) for line in said.splitlines())
        return found | {"stdout": self.lines(said), "stderr": self.lines(stages_alone(ended.stderr))}

    def panel(self) -> dict[str, Any]:
        """The panel's texts, step by step, and what it exports."""
        folder = self.work / "panel"
        folder.mkdir()
        data = folder / "data"
        shutil.copytree(self.work / "data-in", data)  # the sample case is known
        shutil.copytree(HERE / "signatures", folder / "signatures")
        command = [sys.executable, "-P", str(HERE / "panel_texts.py"), str(self.inputs), str(folder)]
        environment = self.environment(data, self.root / "Testing")
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        table: dict[str, Any] = {}
        if ended.returncode:
            table["panel"] = {"exit": ended.returncode, "stderr": self.lines(ended.stderr)}
        for step in sorted(folder.glob("[0-9]*")):
            texts = json.loads((step / "texts.json").read_text(encoding="utf-8"))
            levelled = {key: self.lines(text) for key, text in texts.items()}
            table[f"panel {step.name}"] = {"texts": levelled, **files_of(step, self)}
        return table

    def lines(self, text: str) -> list[str]:
        """A text's lines, levelled, those that are empty left out."""
        for path, name in ((self.inputs, "IN"), (HERE / "signatures", "SIGNATURES"), (self.root, "ROOT")):
            text = text.replace(str(path), name)
        text = re.sub(re.escape(str(self.work)) + r"/(?:panel/\d\d [^/]*|[^/\s']+)", "WORK", text)
        for version in sorted(self.versions, key=len, reverse=True):
            text = re.sub(rf"(?<![\w.]){re.escape(version)}(?![\w.]*\d)", "VERSION", text)
        return [line.rstrip() for line in level(text).splitlines() if line.strip()]


def make(root: Path, only: str) -> dict[str, Any]:
    table: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="golden-") as work:
        runner = Runner(root, Path(work).resolve())
        runner.make_inputs()
        for name, words in CASES.items():
            if fnmatchcase(name, only):
                print(name, file=sys.stderr, flush=True)
                table[name] = runner.run(name, words)
        if fnmatchcase("panel", only):
            print("panel", file=sys.stderr, flush=True)
            table |= runner.panel()
    return table


def files_of(folder: Path, runner: Runner) -> dict[str, Any]:
    """What was written: every file by its name, as far as a person or a program reads it."""
    found: dict[str, Any] = {}
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and "data" not in p.relative_to(folder).parts]
    for path in paths:  # the record first: it says the versions that the others name
        if path.name == "result.json":
            software = json.loads(path.read_text(encoding="utf-8")).get("software", {})
            runner.versions |= {str(v) for v in software.values() if len(str(v)) > 4}
    for path in paths:
        name = path.relative_to(folder).as_posix().removeprefix("out/")
        if path.suffix == ".json" and name != "texts.json":
            found[name] = level_json(json.loads(path.read_text(encoding="utf-8")), runner)
        elif path.suffix == ".html":
            found[name] = report_of(path.read_text(encoding="utf-8"), runner)
        elif path.suffix == ".csv":
            found[name] = csv_of(path.read_text(encoding="utf-8"), runner)
        elif path.suffix == ".svg":
            found[name] = svg_of(path.read_text(encoding="utf-8"), runner)
        elif path.suffix == ".pdf":
            found[name] = pdf_of(path, runner)
        elif path.name.endswith((".nii.gz", ".nrrd")):
            found[name] = image_of(path)
        elif name != "texts.json":
            found[name] = "a file"
    return found


def report_of(page: str, runner: Runner) -> dict[str, Any]:
    """Text of a report, without its tags, and its pictures as hashes."""
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL) + re.findall(r'src="(data:[^"]*)"', page)
    text = re.sub(r"<style.*?</style>|<script.*?</script>|<svg.*?</svg>", " ", page, flags=re.DOTALL)
    text = re.sub(r"</(?:p|div|tr|li|h\d|table|section|figcaption|pre|dd|dt)>|<br */?>", "\n", text)
    text = html.unescape(re.sub(r"<[^>]+>", " ", text))
    text = "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    drawn = [words for picture in pictures if picture.startswith("<svg") for words in words_of(picture)]
    return {"text": runner.lines(text), "drawn": runner.lines("\n".join(drawn)), "pictures": list(map(sha, pictures))}


def words_of(svg: str) -> list[str]:
    return [html.unescape(re.sub(r"<[^>]+>", "", text)) for text in re.findall(r"<text.*?</text>", svg, re.DOTALL)]


def svg_of(text: str, runner: Runner) -> dict[str, Any]:
    return {"words": runner.lines("\n".join(words_of(text))), "sha256": sha(text)}


def pdf_of(path: Path, runner: Runner) -> Any:
    """A PDF's text in the order of its lines; where the computer cannot tell it, that there is one."""
    tool = shutil.which("pdftotext")
    if tool is None:
        return "a file (no pdftotext here)"
    command = [tool, "-layout", str(path), "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return runner.lines("\n".join(re.sub(r" +", " ", line) for line in said.splitlines()))


def csv_of(text: str, runner: Runner) -> Any:
    lines = text.splitlines()
    if len(lines) < 100:
        return runner.lines(text)
    listed = [{"voi": v, "feature": f, "value": float(x)} for v, f, x in (line.split(",") for line in lines[1:])]
    return {"head": lines[0], "values": many(listed)}


def image_of(path: Path) -> dict[str, Any]:
    """Geometry and voxels of a label map, and the marks in its header."""
    import SimpleITK as sitk

    image = sitk.ReadImage(str(path))
    keys = [key for key in image.GetMetaDataKeys() if key.startswith(("PTLF", "Segment", "ITK_FileNotes"))]
    return {
        "size": list(image.GetSize()),
        "spacing": [round(x, 6) for x in image.GetSpacing()],
        "origin": [round(x, 3) for x in image.GetOrigin()],
        "direction": [round(x, 6) for x in image.GetDirection()],
        "marks": {key: level(image.GetMetaData(key)) for key in sorted(keys)},
        "voxels": sha(sitk.GetArrayViewFromImage(image).tobytes()),
    }


def many(listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Thousands of features: how many, a hash of all, some in full."""
    digits = [f"{f['voi']} {f['feature']} {f['value']:.9g}" for f in listed]
    step = max(1, len(listed) // SAMPLES_OF_ALL)
    some = {f"{f['voi']} {f['feature']}": f["value"] for f in listed[step // 2 :: step]}
    return {"count": len(listed), "sha256": sha("\n".join(digits)), "some": some}


# Levelling: what differs from run to run, from computer to computer


def level(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?", "TIME", text)
    text = re.sub(r"\b\d+ (CPU cores|cores)", r"N \1", text)
    text = re.sub(r"\b(Computed|Segmented) in [\d.]+ (s|min)\b", r"\1 in N s", text)
    text = re.sub(r"\b([Aa]bout|in) [\d.]+ (s|min)\b", r"\1 N s", text)
    return re.sub(r"(\[?Linux|macOS|Windows)-[\w.+-]+", "PLATFORM", text)


def stages_alone(text: str) -> str:
    """Of the progress lines each stage once: how often it is told hangs on the time."""
    lines: list[str] = []
    for line in text.splitlines():
        match = re.fullmatch(r" *[\d.]+ s  (.*): \d+ of (\d+)", line)
        line = f"stage {match[1]} of {match[2]}" if match else line
        if line not in lines:
            lines.append(line)
    return "\n".join(lines)


def level_json(value: Any, runner: Runner | None = None, key: str = "") -> Any:
    """The same value with what hangs on time and computer replaced; long lists and pictures as hashes."""
    if isinstance(value, dict):
        if key == "software":
            return dict.fromkeys(sorted(value), "VERSION")
        if key == "seconds":
            return dict.fromkeys(sorted(value), "SECONDS")
        if key == "data" and "terms" in value:  # a whole signature file
            return {"keys": sorted(value), "sha256": sha(json.dumps(value, sort_keys=True))}
        return {name: level_json(item, runner, name) for name, item in value.items()}
    if isinstance(value, list):
        if key == "features" and len(value) > 100:
            return many(value)
        return [level_json(item, runner) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if key == "seconds" and value is not None:
        return "SECONDS"
    if key == "engine_version":
        return "VERSION"
    if isinstance(value, str):
        if len(value) > LONG and " " not in value:
            return sha(value)
        return "\n".join(runner.lines(value)) if runner else level(value)
    return value


def sha(value: str | bytes) -> str:
    return "sha256:" + hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()[:16]


# Comparing two tables


@dataclass(frozen=True)
class Difference:
    """One place at which two tables differ; lists of lines count as one place."""

    where: str
    old: Any
    new: Any

    @property
    def case(self) -> str:
        return self.where.partition("/")[0]

    @property
    def place(self) -> str:
        return self.where.partition("/")[2]

    @property
    def changes(self) -> list[str]:
        """What went (-) and what came (+), each a line."""
        if is_lines(self.old) and is_lines(self.new):
            changed = [*difflib.unified_diff(self.old, self.new, lineterm="", n=0)][2:]
            return [line for line in changed if not line.startswith("@@")]
        return [f"-{short(self.old)}", f"+{short(self.new)}"]

    def has(self, reason: Mapping[str, str]) -> bool:
        """Whether a reason is about this place, and about every changed line where it names them."""
        lines = reason.get("lines", "")
        return fnmatchcase(self.where, reason["where"]) and all(re.search(lines, line) for line in self.changes)


ABSENT = "(absent)"


def short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) < LONG else f"{text[:LONG]}..."


def differences(old: Any, new: Any, rel: float, where: str = "") -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            place = f"{where}/{key}" if where else key
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), rel, place)
    elif is_lines(old) and is_lines(new):
        if old != new:
            yield Difference(where, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            pair = (side[index] if index < len(side) else ABSENT for side in (old, new))
            yield from differences(*pair, rel, f"{where}/{index}")
    elif not same(old, new, rel):
        yield Difference(where, old, new)


def is_lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def same(old: Any, new: Any, rel: float) -> bool:
    numbers = [v for v in (old, new) if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if len(numbers) == 2:
        return math.isclose(old, new, rel_tol=rel, abs_tol=1e-12)
    return type(old) is type(new) and old == new


def moved(found: Sequence[Difference]) -> Iterator[tuple[Difference, Difference]]:
    """Pairs of one that is gone and one that came, in the same case, with the same value."""
    came = [d for d in found if d.old == ABSENT]
    for gone in (d for d in found if d.new == ABSENT):
        case = gone.where.split("/")[0]
        for other in came:
            if other.where.split("/")[0] == case and other.new == gone.old:
                came.remove(other)
                yield gone, other
                break


def read_table(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def write_table(table: Mapping[str, Any], path: Path) -> None:
    data = (json.dumps(table, indent=0, ensure_ascii=False) + "\n").encode()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def compare(before: Path, after: Path, reasons: Path | None, rel: float) -> int:
    old, new = read_table(before), read_table(after)
    known = json.loads(reasons.read_text(encoding="utf-8")) if reasons else []
    found = list(differences(old, new, rel))
    pairs = list(moved(found))
    elsewhere = {id(difference) for pair in pairs for difference in pair}
    counts, unexplained = [0] * len(known), {}
    for difference in (d for d in found if id(d) not in elsewhere):
        number = next((n for n, reason in enumerate(known) if difference.has(reason)), None)
        if number is None:
            unexplained.setdefault((difference.place, *difference.changes), []).append(difference.case)
        else:
            counts[number] += 1
    for (place, *changes), cases in unexplained.items():  # the same change of many cases once
        print("\n".join([f"{place}: {', '.join(cases)}", *(f"    {line}" for line in changes)]))
    for gone, came in pairs:
        print(f"moved: {gone.where} -> {came.where}")
    for count, reason in zip(counts, known, strict=True):
        print(f"{count} with a reason: {reason['where']} {reason.get('lines', '')}: {reason['reason']}")
    total = sum(len(cases) for cases in unexplained.values())
    print(f"{len(old)} and {len(new)} entries; {total} differences without a reason, {len(pairs)} values moved.")
    return int(total > 0)


def main() -> int:
    if sys.argv[1:2] == ["compare"]:
        parser = argparse.ArgumentParser(prog="make_table.py compare")
        parser.add_argument("before", type=Path)
        parser.add_argument("after", type=Path)
        parser.add_argument("--reasons", type=Path, help="JSON list of where and reason")
        parser.add_argument(
            "--rel", type=float, default=1e-9, help="relative difference of numbers that counts as none"
        )
        given = parser.parse_args(sys.argv[2:])
        return compare(given.before, given.after, given.reasons, given.rel)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=HERE.parents[1], help="the checkout to drive")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="*", metavar="GLOB", help="some of the cases, by name")
    given = parser.parse_args()
    table = make(given.root.resolve(), given.only)
    write_table(table, given.out)
    print(f"{len(table)} entries: {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
