"""Draw the icons: a liver's outline with a nomogram's axis and marker; SVG by hand, PNG by Qt from the same strokes."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZE = 128
LIVER, MARK, INK = "#dd8265", "#0072b2", "#ffffff"

OUTLINE = (
    "M10 52 C14 22 52 12 84 20 C108 25 122 36 120 50 C118 62 96 66 78 76 C58 88 50 108 30 106 C12 104 6 78 10 52 Z"
)
STROKES = ((22, 70, 104, 70), (22, 62, 22, 78), (49, 64, 49, 76), (76, 64, 76, 76), (104, 62, 104, 78))
POINTER = ((62, 66), (52, 46), (72, 46))


def svg() -> str:
    lines = "".join(
        f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" stroke="{INK}" stroke-width="5" stroke-linecap="round"/>'
        for a, b, c, d in STROKES
    )
    corners = " ".join(f"{x},{y}" for x, y in POINTER)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" viewBox="0 0 {SIZE} {SIZE}">'
        f'<path d="{OUTLINE}" fill="{LIVER}"/>{lines}'
        f'<polygon points="{corners}" fill="{MARK}" stroke="{INK}" stroke-width="3"/></svg>\n'
    )


def main() -> None:
    (ROOT / "PTLFPredictor/Resources/Icons/PTLFPredictor.svg").write_text(svg(), encoding="utf-8")
    sys.path.insert(0, str(ROOT / "Testing"))
    import host

    host.start()
    import qt

    image = qt.QImage(SIZE, SIZE, qt.QImage.Format_ARGB32)
    image.fill(qt.QColor(0, 0, 0, 0))
    painter = qt.QPainter()
    painter.begin(image)
    painter.setRenderHint(qt.QPainter.Antialiasing, True)
    numbers = OUTLINE.replace("M", " ").replace("C", " ").replace("Z", " ").split()
    points = [(float(x), float(y)) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    path = qt.QPainterPath()
    path.moveTo(*points[0])
    for i in range(1, len(points), 3):
        path.cubicTo(*points[i], *points[i + 1], *points[i + 2])
    painter.fillPath(path, qt.QBrush(qt.QColor(LIVER)))
    pen = qt.QPen(qt.QColor(INK))
    pen.setWidthF(5)
    pen.setCapStyle(qt.Qt.RoundCap)
    painter.setPen(pen)
    for a, b, c, d in STROKES:
        painter.drawLine(qt.QPointF(a, b), qt.QPointF(c, d))
    marker = qt.QPainterPath()
    marker.moveTo(*POINTER[0])
    for point in POINTER[1:]:
        marker.lineTo(*point)
    marker.closeSubpath()
    pen.setWidthF(3)
    painter.setPen(pen)
    painter.setBrush(qt.QBrush(qt.QColor(MARK)))
    painter.drawPath(marker)
    painter.end()
    for target in ("PTLFPredictor/Resources/Icons/PTLFPredictor.png", "Resources/PTLFPredictor.png"):
        image.save(str(ROOT / target))


if __name__ == "__main__":
    main()
