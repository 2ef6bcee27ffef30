"""`report.html`: one self-contained file, made from the result record alone, printable on two A4 pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..ct.findings import without_shell
from ..record import ResultRecord
from ..record.slices import WINDOW_LEVEL_HU, WINDOW_WIDTH_HU
from ..segmentation import lesions
from ..segmentation.segments import ml_text
from ..signature import NomogramGeometry, Prediction, Signature, equation, geometry, parse
from . import nomogram_svg
from .nomogram_picture import Layout, Reading

CSS = Path(__file__).resolve().parents[2] / "Resources" / "Report" / "report.css"

LEVEL_WORDS = {
    "pass": "\u2713 as it should be",
    "warn": "! note",
    "withhold": "\u25a0 withholds",
    "fail": "\u2715 stops",
}
"""Sign and word for each level of a finding: readable without colour."""

WATERMARK = "DEMONSTRATION"

SHEETS = (
    '@page { @top-center { content: "DEMONSTRATION ON SYNTHETIC CASES - NOT FOR PATIENTS"; '
    "font: bold 8pt Helvetica, Arial, sans-serif; } }"
)
"""However many sheets a printer needs, each of a demonstration says so; the watermark is fixed on all of them too."""

SHOWN_REASONS = 2
"""Reasons for withholding that the result box names itself."""

BAR_HALF_MM = 14.0
"""Length of the bar of the largest contribution."""


def html(result: ResultRecord) -> str:
    """The whole page."""
    record = result.to_dict()
    signature = parse(record["input"]["signature"]["data"])
    prediction = Prediction.from_dict(record["prediction"])
    shape = geometry(signature)
    demonstration = is_demonstration(result)
    stamp = f'<div class="stamp">{WATERMARK}</div>' if demonstration else ""
    sheets = f'<style>{SHEETS}</style><div class="stamp sheet">{WATERMARK}</div>' if demonstration else ""
    title = f"{signature.data['outcome'].get('title', signature.outcome)}: risk before TACE"
    first = [
        _result(record, prediction),
        _nomogram(record, prediction, shape),
        _slices(record),
        _findings(record),
        _what_if(record),
    ]
    second = [
        _terms(record),
        _eligibility(record),
        _model(record, equation(signature)),
        _provenance(record),
    ]
    pages = "".join(
        f'<div class="page">{stamp}{_header(record, title)}{"".join(parts)}{_footer(record)}</div>'
        for parts in (first, second)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS.read_text(encoding='utf-8')}</style></head>"
        f"<body>{sheets}{without_shell(pages)}</body></html>\n"
    )


def is_demonstration(record: ResultRecord) -> bool:
    """Whether every page must carry the watermark: whatever a demo signature shows."""
    return parse(record.input.signature.data).is_demo


def write(record: ResultRecord, path: Path) -> None:
    path.write_text(html(record), encoding="utf-8")


def _header(record: dict[str, Any], title: str) -> str:
    return f'<header><h1>{escape(title)}</h1><div class="research">{escape(record["research_use"])}</div></header>'


def _footer(record: dict[str, Any]) -> str:
    software = record["software"]["PTLFPredictor"]
    created = record["created"].replace("T", " ").replace("+00:00", " UTC")
    signed = record["sign_off"]
    reader = f"signed off by {signed['reader']}, {signed['time']}" if signed else "not signed off by a reader"
    return f"<footer><span>PTLFPredictor {escape(software)}, {escape(created)}; {escape(reader)}</span></footer>"


def _result(record: dict[str, Any], prediction: Prediction) -> str:
    shown = prediction.to_dict()
    risk = shown["risk_text"] or shown["risk_interval_text"]
    number = '<div class="none" id="risk">Risk not shown</div>'
    if risk:
        horizon = record["input"]["signature"]["data"]["outcome"]["horizon"]
        number = f'<div class="number" id="risk">{escape(risk)}</div><small>{escape(horizon)}</small>'
    radscore = record["radscore"]
    score = "not shown" if radscore["value"] is None else f"{radscore['value']:.2f}"
    if radscore["value"] is not None and radscore["status"] != "computed":
        score += f" ({radscore['status']})"
    values = [(one["label"], _or_missing(one["value"], f"{{:g}} {one['unit']}")) for one in record["input"]["values"]]
    values.append(("Radscore", score))
    inputs = "".join(f"<span>{escape(name)} <b>{escape(value.strip())}</b></span>" for name, value in values)
    lines = [f"<p>{escape(_sentence(prediction.status))} {escape(_sentence(prediction.interval_words))}</p>"]
    if prediction.withheld_beside:
        lines.append(f"<p>For a patient it would be withheld: {escape(_first(prediction.withheld_beside))}</p>")
    lines += [f"<p>{escape(warning)}</p>" for warning in prediction.warnings]
    return (
        f'<section class="result"><div>{number}</div>'
        f'<div>{"".join(lines)}<div class="inputs">{inputs}</div></div></section>'
    )


def _first(reasons: Sequence[str]) -> str:
    """The first reasons in full; the others stand under Findings, with all of them."""
    more = len(reasons) - SHOWN_REASONS
    rest = f" And {more} more, see Findings." if more > 0 else ""
    return " ".join(reasons[:SHOWN_REASONS]) + rest


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."


def _or_missing(value: float | None, form: str) -> str:
    return "not given" if value is None else form.format(value)


NOMOGRAM_SIZE = (900, 400)
"""Pixels of the drawing; the page scales it."""


def _nomogram(record: dict[str, Any], prediction: Prediction, shape: NomogramGeometry) -> str:
    values = {one["id"]: one["value"] for one in record["input"]["values"]}
    values["Radscore"] = record["radscore"]["value"]
    shown = {name: value for name, value in values.items() if prediction.points.get(name) is not None}
    note = record["input"]["signature"]["data"].get("notes", [])
    direction = next((n["text"] for n in note if n["id"] == "alb_direction"), "")
    drawn = nomogram_svg.svg_of(
        Layout(shape, *NOMOGRAM_SIZE), Reading(shown, prediction), record["input"]["signature"]["title"]
    )
    return f'<section id="nomogram"><h2>Nomogram</h2>{drawn}<small>{escape(direction)}</small></section>'


def _slices(record: dict[str, Any]) -> str:
    height = 52.0
    figures = []
    for picture in record["pictures"]:
        width = height * picture["width"] / picture["height"]
        plane, left, right, png = (escape(picture[key]) for key in ("plane", "left", "right", "png"))
        figures.append(
            f'<figure style="flex:{width:.1f} 1 0;aspect-ratio:{picture["width"]}/{picture["height"]};max-height:62mm">'
            f'<img alt="{plane} slice with outlines" src="data:image/png;base64,{png}">'
            f'<span class="edge l">{left}</span><span class="edge r">{right}</span>'
            f"<figcaption>{plane} {picture['position_mm']:.0f} mm</figcaption></figure>"
        )
    volumes = record["segmentation"]["volumes_ml"]
    origin = record["segmentation"]["origin"]
    source, found = _source(origin), lesions.text(record["segmentation"].get("lesions"))
    text = (
        f"Liver {ml_text(volumes['liver'])}, parenchyma {ml_text(volumes['parenchyma'])}, "
        f"tumour {ml_text(volumes['tumor'])}{f' in {found}' if found else ''}. Segments: {source}. "
        f"Window: level {WINDOW_LEVEL_HU}, width {WINDOW_WIDTH_HU} HU."
    )
    key = '<i style="background:#56b4e9"></i>liver<i style="background:#e69f00"></i>tumour'
    return (
        f'<section id="slices"><h2>CT and segments</h2><div class="slices">{"".join(figures)}</div>'
        f'<p class="key">{key} &emsp; {escape(text)}</p></section>'
    )


def _source(origin: Mapping[str, Any]) -> str:
    """Where the segments come from, in a few words."""
    model, run = origin["model"], origin["run"]
    if not run:
        drawn = {"model": f", drawn by {(model or {}).get('title', '')}", "hand": ", drawn by hand"}
        return f"given label map ({origin['format'] or 'file'}){drawn.get(origin.get('drawn'), '')}"
    return f"nnU-Net, {model['title']} (version {model['version']}), on {run['device']}"


def _findings(record: dict[str, Any]) -> str:
    """A row for each finding that needs attention; what is as it should be shares the last row."""
    rows = [
        (LEVEL_WORDS[level], finding["message"])
        for level in ("fail", "withhold", "warn")
        for finding in record["findings"]
        if finding["level"] == level
    ]
    fine = " ".join(finding["message"] for finding in record["findings"] if finding["level"] == "pass")
    rows.append((LEVEL_WORDS["pass"], fine))
    table = "".join(f"<tr><td>{word}</td><td>{escape(message)}</td></tr>" for word, message in rows)
    return f'<section id="findings"><h2>Findings</h2><table class="findings">{table}</table></section>'


def _terms(record: dict[str, Any]) -> str:
    terms = record["radscore"]["terms"]
    largest = max((abs(t["contribution"]) for t in terms if t["contribution"] is not None), default=0.0)
    rows, measures = [], _measures(record)
    for term in terms:
        voi = "tumour" if term["voi"] == "tumor" else "parenchyma"
        rows.append(
            f'<tr title="{escape(measures.get((term["voi"], term["feature"]), ""))}">'
            f'<td class="term">{escape(term["short"])}<br><span class="soft">{escape(term["feature"])}</span></td>'
            f"<td>{voi}</td><td class='n'>{_number(term['raw'])}</td><td class='n'>{_number(term['z'], '{:+.2f}')}</td>"
            f"<td class='n'>{_number(term['coefficient'], '{:+.3f}')}</td>"
            f"<td class='n'>{_number(term['contribution'], '{:+.2f}')}</td>"
            f"<td>{_bar(term['contribution'], largest)}</td></tr>"
        )
    value, status = record["radscore"]["value"], record["radscore"]["status"]
    total = f"Radscore {value:.3f} ({status})" if value is not None else f"Radscore: {status}"
    head = (
        '<tr><th>term</th><th>VOI</th><th class="n">raw</th><th class="n">z</th><th class="n">coefficient</th>'
        '<th class="n">contribution</th><th></th></tr>'
    )
    return (
        f'<section id="terms"><h2>Radscore: {len(terms)} terms</h2><table>{head}{"".join(rows)}</table>'
        f"<p>{escape(_sentence(total))}</p>{_cannot_vary(record)}</section>"
    )


def _measures(record: dict[str, Any]) -> dict[tuple[str, str], str]:
    """What each term measures and when it cannot vary, as the signature says; the tool tip of its row."""
    return {
        (term["voi"], term["feature"]): " ".join(
            filter(None, (term.get("measures"), term.get("cannot_vary") and f"Cannot vary: {term['cannot_vary']}"))
        )
        for term in record["input"]["signature"]["data"]["terms"]
    }


def _cannot_vary(record: dict[str, Any]) -> str:
    terms = record["input"]["signature"]["data"]["terms"]
    names = ", ".join(term.get("short", term["feature"]) for term in terms if term.get("cannot_vary"))
    if not names:
        return ""
    return (
        f"<p><small>Terms that cannot vary in every CT: {escape(names)}. What each term measures, and when it cannot "
        "vary: ptlf signatures show, docs/terms.md.</small></p>"
    )


def _number(value: float | None, form: str = "{:.5g}") -> str:
    return "\u2013" if value is None else form.format(value).replace("-", "\u2212")


def _bar(contribution: float | None, largest: float) -> str:
    """A bar to the left or right of the middle; direction and tone tell the sign."""
    middle = BAR_HALF_MM
    if contribution is None or largest == 0:
        return ""
    length = abs(contribution) / largest * (BAR_HALF_MM - 1)
    left = middle - length if contribution < 0 else middle
    fill = "#8a959d" if contribution < 0 else "#3b4a54"
    return (
        f'<svg class="bar" width="{2 * middle}mm" height="2.6mm" viewBox="0 0 {2 * middle} 2.6">'
        f'<line x1="{middle}" y1="0" x2="{middle}" y2="2.6" stroke="#999" stroke-width="0.2"/>'
        f'<rect class="contribution" x="{left:.2f}" y="0.3" width="{length:.2f}" height="2" fill="{fill}"/></svg>'
    )


def _what_if(record: dict[str, Any]) -> str:
    shown = record["what_if"]
    if shown is None:
        return ""
    risk = "; ".join(filter(None, (shown["risk_text"], shown["risk_interval_words"]))) or "risk not shown"
    more = " ".join(_sentence(text) for text in (shown.get("assumes", ""), shown["status"], *shown["warnings"]) if text)
    return (
        f'<section id="what-if"><h2>What-if, not this patient\'s result</h2><p>With a typed Radscore of '
        f"{shown['radscore']:g}: {escape(risk)}. {escape(more)}</p></section>"
    )


def _eligibility(record: dict[str, Any]) -> str:
    words = {"confirmed": "\u2713 fits", "unconfirmed": "? not answered", "violated": "\u25a0 does not fit"}
    rows = "".join(
        f"<tr><td>{'' if item['kind'] == 'inclusion' else 'No: '}{escape(item['text'])}</td>"
        f'<td class="n">{words[item["status"]]}</td></tr>'
        for item in record["eligibility"]["items"]
    )
    bilirubin = record["eligibility"]["bilirubin_umol_per_l"]
    more = "" if bilirubin is None else f"<p>Bilirubin {bilirubin:g} umol/L.</p>"
    answered = record["eligibility"].get("answered")
    if answered:
        more += f"<p>Answered by {escape(answered['reader'])}, {escape(answered['time'] or 'time not given')}.</p>"
    return f'<section id="eligibility"><h2>Eligibility</h2><table class="columns">{rows}</table>{more}</section>'


def _model(record: dict[str, Any], formula: str) -> str:
    data = record["input"]["signature"]["data"]
    risk = data["outcome"]
    rows: list[tuple[str, str, str]] = [
        (name, f"{item['value']:g}", item.get("origin", "")) for name, item in risk["coefficients"].items()
    ]
    intercept = risk["intercept"]
    if intercept is None:
        rows.append(("Intercept", "none", "missing"))
    else:
        span = f" ({intercept['range'][0]:g} to {intercept['range'][1]:g})" if intercept.get("range") else ""
        rows.append(("Intercept", f"{intercept['value']:.4g}{span}", intercept["origin"]))
    normalisation = data["normalisation"]
    rows.append(
        ("Mean and SD of the features", *(("none", "missing") if normalisation is None else _of_site(normalisation)))
    )
    rows.append(("Points per logit", f"{data['nomogram']['points_per_logit']:g}", data["nomogram"].get("origin", "")))
    signature = parse(data)
    rows.append(("Covariances", *(("given", "") if signature.covariance is not None else ("none", "missing"))))
    evidence = signature.evidence
    rows.append(("Evidence", *((f"{evidence.n} cases", "valid") if evidence else _no_evidence(signature))))
    table = "".join(
        f"<tr><td>{escape(a)}</td><td class='n'>{escape(b)}</td><td>{escape(c)}</td></tr>" for a, b, c in rows
    )
    missing = _list("Not published", "; ".join(data.get("missing", [])))
    notes = _list("Notes", " ".join(_sentence(note["text"]) for note in data.get("notes", [])))
    return (
        f'<section id="model"><h2>Model: what it rests on</h2><p class="equation">{escape(formula)}</p>'
        f'<div class="two"><table>{table}</table><div>{missing}{notes}</div></div>'
        f"<small>{escape(data['citation']['text'])}</small></section>"
    )


def _no_evidence(signature: Signature) -> tuple[str, str]:
    return ("none", "missing") if signature.data.get("evidence") is None else ("void", "changed afterwards")


def _of_site(normalisation: Mapping[str, Any]) -> tuple[str, str]:
    return f"{normalisation['n']} cases", normalisation["origin"]


def _list(title: str, text: str) -> str:
    return f"<p><small><b>{title}:</b> {escape(text.removesuffix('.'))}.</small></p>" if text else ""


def _provenance(record: dict[str, Any]) -> str:
    software = ", ".join(f"{name} {version}" for name, version in record["software"].items())
    ct = record["input"]["ct"]
    spacing = " x ".join(f"{x:.3f}" for x in ct["spacing_mm"])
    size = " x ".join(str(n) for n in ct["size"])
    signature = record["input"]["signature"]
    engines = {f"{item['engine']} {item['engine_version']}" for item in record["extraction"].values()}
    hashes = [
        ("CT", ct["sha256"]),
        ("label map", record["segmentation"]["sha256"]),
        (f"signature {signature['id']}, version {signature['version']}", signature["sha256"]),
    ]
    model = record["segmentation"]["origin"].get("model")
    if model:
        digest = model["sha256"] or model.get("weights_sha256", "")
        hashes.append((f"model {model['id']}, version {model['version']}", digest))
    listed = "".join(f'<div>{escape(a)}<br><span class="hash">{escape(b)}</span></div>' for a, b in hashes)
    return (
        f'<section id="provenance"><h2>Versions and hashes</h2><p class="soft">{escape(software)}; features by '
        f"{escape(', '.join(sorted(engines)) or 'none')}. CT: {escape(ct.get('format', ''))}, "
        f"{size} voxels of {spacing} mm, phase {escape(ct['phase']['name'])}.</p>"
        f'<div class="two">{listed}</div></section>'
    )
