"""``./ptlf bench panel``: what a drag on the nomogram costs, in the stand-in without a screen."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REPAINTS = 200
SIZES = ((340, 400), (560, 400), (900, 460), (1600, 900))


def main(output: Path | None = None) -> dict:
    """Median and slowest repaint in ms per size, and how often layout and static layer were made for it."""
    sys.path[:0] = [str(ROOT / "benchmarks" / "parts"), str(ROOT / "Testing"), str(ROOT / "PTLFPredictor")]
    import measuring

    import host

    machine = measuring.machine()
    host.start()
    import qt

    from PTLFPredictorLib import signature
    from PTLFPredictorLib.panel.nomogram_widget import NomogramWidget
    from PTLFPredictorLib.render.nomogram_marks import Reading

    published = signature.load("ptlf-published")
    widget = NomogramWidget(lambda name, value: None)
    widget.show_geometry(signature.geometry(published))
    widget.show()
    found = {}
    for width, height in SIZES:
        widget.resize(width, height)
        image = qt.QImage(width, height, qt.QImage.Format_RGB32)  # as a window has it
        before, milliseconds, processor = dict(widget.counts), [], []
        for i in range(REPAINTS):
            values = {"ALB": 30 + 0.1 * i, "INR": 1.0 + 0.002 * i, "Radscore": 5.0}
            start, busy = time.perf_counter(), time.process_time()
            laboratory = signature.Entered({name: values[name] for name in ("ALB", "INR")})
            prediction = signature.what_if(published, laboratory, values["Radscore"])
            widget.show_reading(Reading(values, prediction))
            widget.render(image)
            milliseconds.append(1000 * (time.perf_counter() - start))
            processor.append(1000 * (time.process_time() - busy))
        made = {name: widget.counts[name] - before.get(name, 0) for name in ("layouts", "static_layers")}
        found[f"{width}x{height}"] = {
            "median_ms": round(statistics.median(milliseconds), 2),
            "slowest_ms": round(max(milliseconds), 2),
            "processor_ms": round(statistics.median(processor), 2),
            **made,
        }
    machine = measuring.ended(machine)
    print(measuring.in_words(machine))
    print(f"Nomogram: {REPAINTS} moves of a marker, each with its prediction and repaint")
    for size, numbers in found.items():
        print(
            f"  {size:>9}: median {numbers['median_ms']} ms (of the processor {numbers['processor_ms']}), "
            f"slowest {numbers['slowest_ms']} ms; "
            f"{numbers['layouts']} layout, {numbers['static_layers']} static layer"
        )
    if output is not None:
        output.write_text(json.dumps({"machine": machine, "repaint": found}, indent=1), encoding="utf-8")
    return found


if __name__ == "__main__":
    main()
