"""What Slicer's and CTK's Qt classes show to Python, as far as this project uses them: `qt_api.json` beside this file.

``cd Testing; python -m host.qt_api`` makes it from the full list (read from the headers of Slicer and CTK, 5.13), which
lies at ``../shared/slicer/qt_api.json`` where it is at hand.
"""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLIM = Path(__file__).with_name("qt_api.json")
FULL = ROOT.parent / "shared" / "slicer" / "qt_api.json"


def load() -> dict:
    """Class name -> base, properties, signals, slots, invokable, enums."""
    return json.loads(SLIM.read_text(encoding="utf-8"))


def names(api: dict, name: str) -> set[str]:
    """Everything that a class and its bases show to Python."""
    found: set[str] = set()
    while name in api:
        entry = api[name]
        found |= {p["name"] for p in entry["properties"]} | set(entry["enums"])
        for kind in ("signals", "slots", "invokable"):
            found |= {signature.split("(")[0].split()[-1] for signature in entry[kind]}
        name = entry["base"]
    return found


def stand_ins() -> list[type]:
    """The classes of this folder that stand for one of Slicer's or CTK's."""
    from . import application, ctk_widgets, files, mrml_widgets, segment_editor

    rooms = (ctk_widgets, mrml_widgets, segment_editor, application, files)
    found = [value for room in rooms for value in vars(room).values() if isinstance(value, type)]
    return [cls for cls in dict.fromkeys(found) if cls.__name__.startswith(("q", "ctk")) and _of_host(cls)]


def _of_host(cls: type) -> bool:
    return cls.__module__.startswith("host.")


def slim(full: dict) -> dict:
    """The stand-ins' classes, what the module's code names beside them, and the bases of both."""
    from . import api_list

    named = {part for name in api_list.used() for part in name.split(".")} & set(full)
    kept: dict = {}
    for name in sorted({cls.__name__ for cls in stand_ins()} | named):
        while name in full and name not in kept:
            kept[name] = full[name]
            name = full[name]["base"]
    return dict(sorted(kept.items()))


def text(api: dict) -> str:
    return json.dumps(api, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    import host

    host.start()
    SLIM.write_text(text(slim(json.loads(FULL.read_text(encoding="utf-8")))), encoding="utf-8")
    print(f"{SLIM}: {len(load())} classes")
