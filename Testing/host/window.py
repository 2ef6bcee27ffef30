"""``./ptlf panel``: the module's panel in the stand-in window, on a CT or on a synthetic sample case."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

MODULE = Path(__file__).resolve().parents[2] / "PTLFPredictor" / "PTLFPredictor.py"


def main(
    ct: Path | None = None, screenshot: Path | None = None, segmentation=None, labels=None, width: int = 620
) -> int:
    """Open the panel; with `screenshot`, write a picture of it and end.

    Parameters
    ----------
    ct : Path, optional
        DICOM folder or image file; without it the panel's sample case is drawn.
    screenshot : Path, optional
        PNG to write instead of opening a window.
    segmentation : sequence of Source, optional
        Files with segments of that CT, which are used at once.
    labels : mapping, optional
        What their labels mean (`parse_labels`).
    """
    from . import scripted
    from .start import start

    app = start(offscreen=screenshot is not None)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    app._testing = False
    entry = scripted.load(MODULE)
    container, widget = scripted.open_widget(entry)
    from .views import HostWindow

    window = HostWindow(container, width)
    window.resize(width + 480, 960)
    window.show()
    if ct is not None:
        load(ct, widget.panel, segmentation, labels)
    else:
        widget.panel.ct.load_sample()
    if screenshot is None:
        window.start()
        code = app.exec()
        scripted.close_widget(entry, container)
        return code
    settle(app, lambda: any(run.state.busy for run in widget.panel.runs))
    window.follow()
    window.grab().save(str(screenshot))
    scripted.close_widget(entry, container)
    print(screenshot)
    return 0


def load(ct: Path, panel, segmentation=None, labels=None) -> None:
    """Bring a CT, and segments of it, into the scene by the library's own readers, as Slicer would by its modules."""
    from PTLFPredictorLib.ct import read_ct
    from PTLFPredictorLib.mrml import origin_marks, segments, volumes
    from PTLFPredictorLib.segmentation.origin import Drawn
    from PTLFPredictorLib.segmentation.reading import read_segments, told

    read = read_ct(ct, clip_hu=None).require_usable()
    drawn = None if segmentation is None else read_segments(segmentation, read, labels)
    volume = volumes.add_volume(read.image, ct.stem or "CT")
    volumes.show_liver_window(volume)
    panel.session.select_volume(volume)
    if drawn is None:
        return
    print("\n".join(filter(None, (told(drawn.parts), *(finding.message for finding in drawn.findings)))))
    node = segments.add_segmentation(volume, segmentation[0].path.stem)
    if drawn.origin.drawn is Drawn.MODEL:
        segments.write(node, volume, drawn.labels, drawn.origin.model["id"])
    else:
        segments.write(node, volume, drawn.labels, "", segments.MANUAL)
    if drawn.origin.drawn is not Drawn.UNKNOWN:
        origin_marks.mark_origin(node, drawn.origin)
    panel.session.use_existing(node)


def settle(app, busy) -> None:
    """Turn the event loop until no child is at work and nothing waits to be shown."""
    import time

    end = time.monotonic() + 300
    while busy() and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.02)
    for _ in range(6):
        app.processEvents()


if __name__ == "__main__":
    sys.exit(main(*(Path(a) for a in sys.argv[1:])))
