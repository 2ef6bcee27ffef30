"""The command line: ``ptlf COMMAND ...``; ``ptlf COMMAND --help`` says what a command takes.

Progress goes to stderr, results to stdout or files.  Exit codes: 0 done, 2 bad input, 3 missing dependency,
4 out of memory, 5 unusable model, 130 cancelled, 1 anything else.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .. import RESEARCH_USE, __version__
from ..errors import BadInput, Cancelled, MissingDependency, OutOfMemory, PTLFError, is_out_of_memory
from ..outputs import output_file, refuse_inputs
from ..vois import VOI

ROOT = Path(__file__).resolve().parents[3]
"""The project's folder (in a checkout)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a traceback is shown only with ``--debug``."""
    given = parser().parse_args(arguments)
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        kind = getattr(signal, name, None)
        if kind is not None and signal.getsignal(kind) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(kind, _interrupt)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show
    try:
        _check_paths(given)
        _check_outputs(given)
        return given.function(given) or 0
    except PTLFError as error:
        problem, code = error.message, error.exit_code
        if given.debug:
            raise
    except KeyboardInterrupt:
        problem, code = Cancelled().message, Cancelled.exit_code
    except BrokenPipeError:
        _mute(sys.stdout)
        return 0
    except Exception as error:
        if given.debug:
            raise
        problem, code = f"An unexpected error ({type(error).__name__}: {error}). --debug shows where.", 1
        if is_out_of_memory(error):
            problem, code = "There is too little free memory for this. Close other programs.", OutOfMemory.exit_code
    _say(f"ptlf: {problem}")
    return code


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _say(text: str) -> None:
    """A line on stderr; a terminal that is gone stops no work."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _mute(sys.stderr)


def _mute(stream: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _check_paths(given: argparse.Namespace) -> None:
    """SimpleITK ends the whole process at a name that is no text."""
    for value in vars(given).values():
        for name in value if isinstance(value, list) else [value]:
            try:
                str(name).encode()
            except UnicodeEncodeError as error:
                raise BadInput(f"The name {str(name)!a} is not valid text; rename the file or folder.") from error


def _check_outputs(given: argparse.Namespace) -> None:
    """No output may replace what the command reads, whatever the option that names it."""
    written = [value for name in ("out", "json", "screenshot") if isinstance(value := getattr(given, name, None), Path)]
    if not written:
        return
    from ..case import OUTPUTS, files_read, paths

    if given.command in ("predict", "demo"):
        written = [given.out / name for name in OUTPUTS.values()]
    options = {name: value for name, value in vars(given).items() if name not in ("out", "json", "screenshot")}
    model = options.get("model")
    model = model if model is not None and Path(model).exists() else None
    files, closed = files_read(options.get("ct"), options.get("segmentation"), model)
    others = [path for value in options.values() for path in paths(value) if path.is_file()]
    refuse_inputs(written, [*files, *others], closed)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="ptlf", description=f"Risk of post-TACE liver failure from CT. {RESEARCH_USE}")
    top.add_argument("--version", action="version", version=f"PTLFPredictor {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, function: Callable[[argparse.Namespace], int | None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.add_argument("--debug", action="store_true", help="show the traceback of an error")
        added.set_defaults(function=function)
        return added

    demo = command("demo", _demo, "a synthetic case through the whole way, with its report at the end")
    demo.add_argument("--out", type=Path, default=Path("demo"), metavar="DIR")

    predict = command("predict", _predict, "one patient: from the CT to the report")
    _add_image(predict, segmentation_required=False)
    _add_model(predict)
    predict.add_argument("--out", type=Path, required=True, metavar="DIR")
    predict.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    _add_laboratory(predict)
    predict.add_argument("--phase", metavar="PHASE", help='the contrast phase by a reader, e.g. "portal venous"')
    criteria = predict.add_mutually_exclusive_group()
    criteria.add_argument("--eligibility", type=Path, metavar="FILE", help="JSON with the answers to the checklist")
    criteria.add_argument(
        "--all-criteria-met", action="store_true", help="the patient meets the study's criteria, says --reader"
    )
    predict.add_argument("--reader", metavar="NAME", help="who answers what only a reader can (phase, masks, criteria)")
    predict.add_argument("--demonstration", action="store_true", help="show a demo signature's risk, watermarked")
    _add_engine(predict)

    draw = command("segment", _segment, "liver and tumour of a CT by nnU-Net, as a label map")
    _add_ct(draw)
    _add_model(draw)
    draw.add_argument("--out", type=Path, required=True, metavar="FILE", help="label map, e.g. labels.nii.gz")

    features = command("features", _features, "features of both VOIs, as JSON (or CSV by the name of --out)")
    _add_image(features)
    which = features.add_mutually_exclusive_group(required=True)
    which.add_argument("--signature", metavar="ID|FILE", help="the features of a signature")
    which.add_argument("--all", action="store_true", help="all 1874 features per VOI")
    features.add_argument("--out", type=Path, required=True, metavar="FILE")
    features.add_argument("--reader", metavar="NAME", help="who says who drew the segments")
    _add_engine(features)

    nomogram = command("nomogram", _nomogram, "points and risk of typed values (a what-if)")
    _add_laboratory(nomogram)
    nomogram.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    nomogram.add_argument("--demonstration", action="store_true", help="show a demo signature's risk")
    nomogram.add_argument("--json", action="store_true", help="print the prediction as JSON")

    _add_models(command("models", _models_list, "list, add, verify or remove segmentation models"))
    _add_signatures(command("signatures", _signatures_list, "list, show, check or complete signature files"))
    command("doctor", _doctor, "what is installed, what is missing and how to get it")
    panel = command("panel", _panel, "the Slicer module's panel in a stand-in window, without Slicer")
    panel.add_argument("--ct", type=Path, metavar="PATH", help="DICOM folder or image file; a sample case without it")
    panel.add_argument("--screenshot", type=Path, metavar="FILE", help="write a PNG instead of opening a window")
    bench = command("bench", _bench, "figures against the peers, both in one run")
    bench.add_argument("what", choices=_benches(), help="which figures")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write them there too")
    test = command("test", _test, "the test suite (under 20 minutes)")
    test.add_argument("--slow", action="store_true", help="the long tests too")
    test.add_argument("pytest", nargs="*", metavar="ARG", help="handed to pytest, after --")
    return top


def _add_ct(command: argparse.ArgumentParser) -> None:
    command.add_argument("--ct", type=Path, required=True, metavar="PATH", help="DICOM folder, NIfTI, NRRD or MHA")
    command.add_argument("--series", metavar="UID", help="which series of a DICOM folder")
    command.add_argument(
        "--acquisition", type=int, metavar="N", help="which acquisition of a series that holds several"
    )


def _add_image(command: argparse.ArgumentParser, segmentation_required: bool = True) -> None:
    _add_ct(command)
    command.add_argument(
        "--segmentation", action="append", required=segmentation_required, metavar="[ROLE=]FILE",
        help="label map, seg.nrrd or DICOM SEG; given again for several files: liver=FILE, parenchyma=FILE, tumor=FILE "
        "(one for each lesion)",
    )  # fmt: skip
    _add_labels(command)
    command.add_argument(
        "--mask-origin", metavar="hand|model:ID", help="who drew them, where the file does not say; with --reader"
    )
    command.add_argument(
        "--to-protocol", action="store_true", help="average thin slices to the signature's, and the segments with them"
    )
    command.add_argument("--fill-holes", action="store_true", help="fill holes in liver and tumour")
    command.add_argument("--drop-below", type=float, default=0.0, metavar="ML", help="drop pieces below this volume")
    command.add_argument("--largest-tumor", action="store_true", help="keep only the largest tumour")


def _add_labels(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--labels", action="append", metavar="ROLE=LABELS",
        help="what labels (or segments, by number or name) mean: liver=5,tumor=7+8, or parenchyma=1; other=3 is "
        "neither and is not counted, other=rest all that are not named; given again, it adds",
    )  # fmt: skip


def _add_model(command: argparse.ArgumentParser) -> None:
    command.add_argument("--model", metavar="ID|DIR|ZIP", help="segmentation model (see 'ptlf models list')")
    command.add_argument("--device", default="auto", metavar="auto|cpu|cuda:N")


def _add_models(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="all models").set_defaults(function=_models_list)
    add = actions.add_parser("add", help="copy a trained nnU-Net v2 model (folder or zip) to your models")
    add.add_argument("source", type=Path, metavar="DIR|ZIP")
    add.add_argument("--id", help="its name here")
    _add_labels(add)
    add.add_argument("--orientation", metavar="AXES", help="index axes of its training images: LPS (DICOM), RAS ...")
    add.set_defaults(function=_models_add)
    verify = actions.add_parser("verify", help="check the files of a model against its checksum")
    verify.add_argument("model", metavar="ID|DIR|ZIP")
    verify.set_defaults(function=_models_verify)
    remove = actions.add_parser("remove", help="delete one of your models")
    remove.add_argument("model", metavar="ID")
    remove.set_defaults(function=_models_remove)


def _add_laboratory(command: argparse.ArgumentParser) -> None:
    command.add_argument("--alb", type=float, metavar="X", help="albumin before TACE")
    command.add_argument("--alb-unit", choices=("g/L", "g/dL"), default="g/L")
    command.add_argument("--inr", type=float, metavar="X")
    command.add_argument("--radscore", type=float, metavar="X", help="a Radscore to try (what-if)")


def _add_engine(command: argparse.ArgumentParser) -> None:
    from ..measures.radiomics import DEFAULT_ENGINE, ENGINES

    command.add_argument("--engine", choices=tuple(ENGINES), default=DEFAULT_ENGINE)


def _add_signatures(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="the shipped signatures").set_defaults(function=_signatures_list)
    for name, text in (("show", "what a signature holds"), ("check", "whether a signature file can be used")):
        action = actions.add_parser(name, help=text)
        action.add_argument("signature", metavar="ID|FILE")
        action.set_defaults(function=_signatures_show if name == "show" else _signatures_check)
    intercept = actions.add_parser("set-intercept", help="from two points read off the paper's figure")
    intercept.add_argument("--signature", default="ptlf-published", metavar="ID|FILE")
    intercept.add_argument(
        "--point", nargs=2, type=float, action="append", required=True, metavar=("TOTAL", "RISK"),
        help="total points and the risk (0 to 1) below them; give it twice",
    )  # fmt: skip
    intercept.add_argument("--out", type=Path, required=True, metavar="FILE")
    intercept.set_defaults(function=_signatures_set_intercept)


def _predict(given: argparse.Namespace) -> None:
    from ..case import OUTPUTS, Question, Sources, run
    from ..ct import ConfirmedPhase
    from ..render import terminal
    from ..segmentation import provenance
    from ..segmentation.reading import parse_labels
    from ..signature import LaboratoryValues, inputs, load

    signature = load(given.signature)
    sources = Sources(
        given.ct,
        _segmentation(given),
        labels=parse_labels(given.labels),
        mask_origin=provenance.said(given.mask_origin, given.reader),
        series_uid=given.series,
        acquisition=given.acquisition,
        model=_model(given),
        device=given.device,
        post_processing=_post_processing(given),
        to_protocol=given.to_protocol,
        engine=given.engine,
    )
    question = Question(
        signature,
        LaboratoryValues.checked(given.alb, given.alb_unit, given.inr),
        radscore=None if given.radscore is None else inputs.checked_radscore(given.radscore),
        answers=_answers(given, signature),
        phase=None if given.phase is None else ConfirmedPhase.now(given.phase, given.reader),
        demonstration=given.demonstration,
    )
    with progress_bar() as progress:
        result = run(sources, question, given.out, progress, tell_device)
    print(terminal.summary(result))
    print(f"Written: {', '.join(str(given.out / name) for name in OUTPUTS.values())}")


def _segmentation(given: argparse.Namespace) -> Any:
    """The segmentation files of a call, None where a model draws."""
    from ..segmentation.reading import Source

    return None if given.segmentation is None else [Source.parse(text) for text in given.segmentation]


def _answers(given: argparse.Namespace, signature: Any) -> dict[str, Any]:
    """Answers to the study's criteria, with the reader's name and the time where they are known."""
    from ..confirmation import Confirmation
    from ..signature import all_met, eligibility, read_answers

    if given.all_criteria_met:
        return all_met(signature, Confirmation.now(given.reader, "the study's criteria (--reader NAME)"))
    answers = read_answers(given.eligibility)
    if answers and given.reader and eligibility.ANSWERED_BY not in answers:
        said = Confirmation.now(given.reader, "the study's criteria")
        answers |= {eligibility.ANSWERED_BY: said.reader, eligibility.ANSWERED_AT: said.time}
    return answers


def _model(given: argparse.Namespace) -> Any:
    from ..segmentation import find_model

    return None if given.model is None else find_model(given.model)


def tell_device(event: dict[str, Any]) -> None:
    """Say on stderr which device segments, why, and how long it may take."""
    if event["event"] == "device":
        estimate = event.get("estimate_s")
        about = f", about {estimate:.0f} s" if estimate else ""
        _say(f"ptlf: segmenting on {event['device']} ({event['why']}){about}")
    elif event["event"] == "segments" and event["text"]:
        _say(f"ptlf: {event['text']}")


LABEL_MAPS = (".nii.gz", ".nii", ".nrrd", ".mha")
"""Names of label maps that are one file."""


def _segment(given: argparse.Namespace) -> None:
    from ..ct import read_ct
    from ..render import terminal
    from ..segmentation import default_model, ledger, provenance, segment
    from ..segmentation.segments import Segments, check, ml_text

    if not given.out.name.lower().endswith(LABEL_MAPS):
        raise BadInput(f"'{given.out}' cannot be written; its name must end in {', '.join(LABEL_MAPS)}.")
    model = _model(given) or default_model()
    with output_file(given.out) as output, progress_bar() as progress:
        which = {"series_uid": given.series, "acquisition": given.acquisition}
        ct = read_ct(given.ct, **which, progress=progress).require_usable()
        with tempfile.TemporaryDirectory(prefix="ptlf-") as work:
            drawn = segment(
                ct.image, model, device=given.device, work=Path(work), progress=progress, on_event=tell_device
            )
        segments = Segments(drawn.labels, drawn.origin)
        found = check(segments, ct)  # what stops `predict` stops no reader who is to correct the segments
        if VOI.PARENCHYMA in segments.vois:
            ct = ct.with_liver(segments.vois[VOI.PARENCHYMA], None)
        provenance.write(segments.labels, output, segments.origin)
        trouble = ledger.remember(ct.identity, segments.labels, segments.origin)
    volumes = segments.volumes_ml
    amount = f"Parenchyma {ml_text(volumes['parenchyma'])}, tumour {ml_text(volumes['tumor'])}"
    print(f"{amount}. Written: {given.out}")
    told = [*ct.findings, *found, *([] if trouble is None else [trouble])]
    for line in terminal.finding_lines(told):
        print(line)
    if model.warning and not any(model.warning in finding.message for finding in found):
        print(model.warning)


def _models_list(_: argparse.Namespace) -> None:
    from ..segmentation import catalogue
    from ..segmentation.catalogue import broken

    for model in catalogue():
        note = "" if model.for_patients else " (not for patients)"
        print(f"{model.id:20} {model.version:8} {model.licence:12} {model.title}{note}")
    for name, problem in broken().items():
        print(f"{name:20} cannot be used: {problem}")


def _models_add(given: argparse.Namespace) -> None:
    from ..segmentation import add
    from ..segmentation.reading import model_labels, parse_labels

    roles = model_labels(parse_labels(given.labels))
    entry = {name: getattr(given, name) for name in ("id", "orientation") if getattr(given, name) is not None}
    model = add(given.source, roles, **entry)
    print(f"Added {model.id}: {model.folder}\n{model.warning}")


def _models_verify(given: argparse.Namespace) -> None:
    from ..segmentation import find_model, verify

    model = verify(find_model(given.model))
    print(f"{model.id} {model.version}: as in the catalogue, SHA-256 {model.sha256}")


def _models_remove(given: argparse.Namespace) -> None:
    from ..segmentation import remove

    remove(given.model)
    print(f"Removed {given.model}.")


def _benches() -> tuple[str, ...]:
    names = ("radiomics", "segmentation", "panel", "cohort")
    return tuple(name for name in names if (ROOT / "benchmarks" / f"{name}.py").exists())


def _panel(given: argparse.Namespace) -> int:
    sys.path.insert(0, str(ROOT / "Testing"))
    return importlib.import_module("host.window").main(given.ct, given.screenshot)


def _bench(given: argparse.Namespace) -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    importlib.import_module(given.what).main(given.json)


def _post_processing(given: argparse.Namespace) -> Any:
    from ..segmentation.postprocess import PostProcessing

    if given.drop_below < 0:
        raise BadInput("--drop-below is a volume in mL; it cannot be negative.")
    return PostProcessing(given.fill_holes, given.drop_below, given.largest_tumor)


def _features(given: argparse.Namespace) -> None:
    from .. import record
    from ..case import features as case_features
    from ..case.protocol import brought_to_protocol, marks_of
    from ..ct import read_ct
    from ..measures.radiomics import ExtractionSettings
    from ..render import table, terminal
    from ..sample import known
    from ..segmentation import provenance
    from ..segmentation.postprocess import apply
    from ..segmentation.reading import parse_labels, read_segments, told
    from ..signature import load

    signature = None if given.all else load(given.signature)
    settings = ExtractionSettings() if signature is None else signature.extraction
    wanted = dict.fromkeys(VOI) if signature is None else signature.wanted
    protocol = None if signature is None else signature.protocol
    steps = _post_processing(given)
    said = provenance.said(given.mask_origin, given.reader)
    if given.to_protocol and protocol is None:
        raise BadInput("--to-protocol brings a CT to the slices of a signature: name one with --signature, not --all.")
    which = {"series_uid": given.series, "acquisition": given.acquisition}
    with output_file(given.out) as output, progress_bar() as progress:
        ct = read_ct(given.ct, protocol, settings.clip_hu, **which, progress=progress).require_usable()
        read = read_segments(_segmentation(given), ct, parse_labels(given.labels), said)
        tell_device({"event": "segments", "text": told(read.parts)})
        segments = apply(read, steps)
        if given.to_protocol:
            ct, segments = brought_to_protocol(ct, segments, protocol, marks_of(_segmentation(given)))
        segments = segments.checked(ct)
        vectors = case_features.compute(ct, segments, wanted, settings, engine=given.engine, progress=progress)
        if VOI.PARENCHYMA in segments.vois:
            ct = ct.with_liver(segments.vois[VOI.PARENCHYMA], protocol)
        made = record.make_features(
            ct=ct,
            segments=segments,
            signature=signature,
            findings=(*ct.findings, *segments.findings),
            vectors=vectors,
            sample=known.seed_of(ct.identity),
        )
        if given.out.suffix.lower() == ".csv":
            table.write_features(made.features, output)
        else:
            record.write(made, output)
    counts = ", ".join(f"{len(vector.values)} of the {voi.words}" for voi, vector in vectors.items())
    print("\n".join([*terminal.finding_lines(made.findings), f"Features: {counts}. Written: {given.out}"]))


def _nomogram(given: argparse.Namespace) -> None:
    from ..render import terminal
    from ..signature import LaboratoryValues, equation, inputs, load, what_if

    missing = [name for name in ("alb", "inr", "radscore") if getattr(given, name) is None]
    if len(missing) > 1 or "radscore" in missing:
        raise BadInput(f"Give --{' and --'.join(missing)} too; without a Radscore there is nothing to compute.")
    signature = load(given.signature)
    laboratory = LaboratoryValues.checked(given.alb, given.alb_unit, given.inr)
    score = inputs.checked_radscore(given.radscore)
    prediction = what_if(signature, laboratory, score, demonstration=given.demonstration)
    if given.json:
        print(json.dumps(prediction.to_dict(), indent=1, ensure_ascii=False))
        return
    note = signature.notes.get("alb_direction")
    print("\n".join(filter(None, [*terminal.prediction_lines(prediction), equation(signature), note, RESEARCH_USE])))


def _signatures_list(_: argparse.Namespace) -> None:
    from ..signature import available, completeness, load, states

    for path in available():
        signature = load(path)
        print(f"{signature.id:18} {states.SHORT[completeness(signature)]:16} {signature.title}")


def _signatures_show(given: argparse.Namespace) -> None:
    from ..signature import equation, load

    signature = load(given.signature)
    print(f"{signature.title}\n{signature.citation}\n{signature.population}\n{equation(signature)}")
    for term in signature.terms:
        print(f"  {term.coefficient:+9.4f}  {term.voi:6} {term.feature}")
        if term.measures:
            print(f"             {term.measures}")
        if term.cannot_vary:
            print(f"             When it cannot vary: {term.cannot_vary}")
    for criterion in signature.eligibility:
        print(f"  {criterion.kind} {criterion.id}: {criterion.text}")
    _print_state(signature)
    for text in signature.missing:
        print(f"Not published: {text}")


def _signatures_check(given: argparse.Namespace) -> None:
    from ..signature import load

    signature = load(given.signature)
    print(f"{signature.id} {signature.version}: usable, {len(signature.terms)} terms")
    _print_state(signature)


def _print_state(signature: Any) -> None:
    from ..signature import completeness, describe

    problem, evidence = signature.evidence_problem, signature.evidence
    print(f"State: {completeness(signature)}. {describe(signature)}")
    print(f"Evidence: {f'valid, {evidence.words}' if evidence else problem}.")


def _signatures_set_intercept(given: argparse.Namespace) -> None:
    from ..signature import intercept, load

    completed = intercept.from_figure(load(given.signature), [(total, risk) for total, risk in given.point])
    with output_file(given.out) as output:
        output.write_text(json.dumps(completed.data, indent=1, ensure_ascii=False), encoding="utf-8")
    read = completed.risk_model.intercept
    low, high = read.range or (read.value, read.value)
    print(f"Intercept {read.value:.3f} ({low:.3f} to {high:.3f}), read off the figure. Written: {given.out}")


DEMO_SEED = 900_020
"""Sample case of the demo: one that the demo model was not trained on."""

DEMO_LABORATORY = (43.6, 1.09)
"""ALB in g/L and INR of the paper's worked example."""


def _demo(given: argparse.Namespace) -> None:
    import SimpleITK as sitk

    from ..case import OUTPUTS, Question, Sources, run
    from ..ct import write_temporary
    from ..render import terminal
    from ..sample import known
    from ..segmentation import agreement
    from ..signature import LaboratoryValues, load

    with tempfile.TemporaryDirectory(prefix="ptlf-") as folder, progress_bar() as progress:
        sample = known.draw(DEMO_SEED, matrix=512, progress=progress)
        ct = Path(folder) / "ct.nrrd"
        write_temporary(sample.ct, ct)
        question = Question(load("demo"), LaboratoryValues(*DEMO_LABORATORY), demonstration=True)
        result = run(Sources(ct), question, given.out, progress, tell_device)
    drawn = sitk.ReadImage(str(given.out / OUTPUTS["labels"]))
    print(terminal.summary(result))
    for region, measured in agreement(drawn, sample.labels).items():
        print(f"Dice of the {region} against the known truth: {measured.dice:.3f}")
    print(f"{sample.description}\nOpen {given.out / OUTPUTS['report']}")


def _doctor(_: argparse.Namespace) -> None:
    packages = (
        ("numpy", "numpy", "./ptlf installs it"),
        ("scipy", "scipy", "./ptlf installs it"),
        ("SimpleITK", "SimpleITK", "./ptlf installs it"),
        ("pydicom", "pydicom", "./ptlf installs it; needed for DICOM folders and DICOM SEG"),
        ("pyradiomics", "radiomics", "optional reference engine: Python 3.11 and a C compiler"),
        ("torch", "torch", "needed to segment: ./ptlf segment installs it"),
        ("nnunetv2", "nnunetv2", "needed to segment: ./ptlf segment installs it"),
    )
    print(f"PTLFPredictor {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}")
    for name, module, hint in packages:
        if importlib.util.find_spec(module) is None:
            print(f"  missing  {name:12} {hint}")
        else:
            print(f"  found    {name:12} {importlib.metadata.version(name)}")
    print(f"  device   {_device()}")
    print(f"  compiler {shutil.which('cc') or shutil.which('gcc') or 'none (only PyRadiomics needs one)'}")


def _device() -> str:
    """The NVIDIA GPU, told without importing torch; else the CPU."""
    tool = shutil.which("nvidia-smi")
    if tool:
        query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
        answer = subprocess.run(query, capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            return "; ".join(answer.stdout.strip().splitlines())
    return f"CPU, {os.cpu_count()} cores (no NVIDIA GPU found)"


def _test(given: argparse.Namespace) -> int:
    if importlib.util.find_spec("pytest") is None or not (ROOT / "Testing").is_dir():
        raise MissingDependency("The tests run from a checkout, through './ptlf test'.")
    chosen = [] if given.slow else ["-m", "not slow"]
    steps = [
        [sys.executable, "-m", "ruff", "check", "."],
        [str(Path(sys.executable).with_name("lint-imports"))],
        [sys.executable, "-m", "pytest", *chosen, "--cov", "--cov-report=term:skip-covered", *given.pytest],
    ]
    codes = [subprocess.run(step, cwd=ROOT, check=False).returncode for step in steps]
    return next((code for code in codes if code), 0)


@contextlib.contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Progress on stderr: bars with time left on a terminal, else a line for each tenth of a stage."""
    bars: dict[str, Any] = {}
    shown: dict[str, int] = {}
    start = time.monotonic()

    def lines(stage: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if shown.get(stage) != tenth:
            shown[stage] = tenth
            _say(f"{time.monotonic() - start:7.1f} s  {stage}: {done} of {total}")

    def bar(stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        group = stage.split(":")[0]
        try:
            if group not in bars:
                for older in bars.values():
                    older.close()
                bars[group] = tqdm(total=total, unit="", leave=True, bar_format=_BAR)
            bars[group].set_description_str(stage)
            bars[group].total = total
            bars[group].update(done - bars[group].n)
        except OSError:
            _mute(sys.stderr)

    try:
        yield bar if sys.stderr.isatty() else lines
    finally:
        for open_bar in bars.values():
            open_bar.close()


_BAR = "{desc:32.32} {bar} {n_fmt} of {total_fmt}, {remaining} left"
