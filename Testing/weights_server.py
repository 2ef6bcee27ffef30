"""A server of weights on the loopback that misbehaves as it is told, and models in their publisher's layout."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PTLFPredictorLib.segmentation import default_model

LIVER = "Dataset291_Organs/nnUNetTrainerNoMirroring__nnUNetPlans__3d_demo"
LESIONS = "Dataset591_Lesions/nnUNetTrainer__nnUNetPlans__3d_demo"

LABELS = {
    LIVER: {"background": 0, "spleen": 1, "liver": 2},
    LESIONS: {"background": 0, "lesion": 1, "vessel": 2},
}


class Server:
    """Serves `files`; `misbehave` may take a request first and says whether it has answered it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.misbehave: Callable[[BaseHTTPRequestHandler, bytes], bool] = lambda request, data: False
        self.url = ""

    def asked(self, name: str) -> list[dict[str, str]]:
        """Headers of the requests for a file."""
        return [headers for path, headers in self.requests if path == f"/{name}"]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append((request.path, dict(request.headers)))
        data = self.files.get(request.path[1:])
        if data is None:
            request.send_error(404)
        elif not self.misbehave(request, data):
            send(request, data, *wanted(request, data))


def etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def wanted(request: BaseHTTPRequestHandler, data: bytes) -> tuple[int, int]:
    """Status and first byte, as RFC 9110 has ranges."""
    asked, condition = request.headers.get("Range"), request.headers.get("If-Range")
    if asked is None or condition != etag(data):
        return 200, 0
    return 206, int(asked.removeprefix("bytes=").removesuffix("-"))


def send(request: BaseHTTPRequestHandler, data: bytes, status: int, start: int, stop: int | None = None) -> None:
    """The answer's head for all from `start`, and its bytes up to `stop` (then the connection breaks)."""
    request.send_response(status)
    request.send_header("ETag", etag(data))
    request.send_header("Content-Length", str(len(data) - start))
    if status == 206:
        request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    request.end_headers()
    request.wfile.write(data[start:stop])
    request.close_connection = True


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        server.url = f"http://127.0.0.1:{running.server_address[1]}"
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        running.shutdown()


def published(where: Path, member: str) -> Path:
    """A trained folder as its publisher has it: labels of its own, and few weights (they are never loaded here)."""
    folder = Path(shutil.copytree(default_model().folder, where / member))
    description = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps({**description, "labels": LABELS[member]}))
    weights = folder / "fold_0" / "checkpoint_final.pth"
    with zipfile.ZipFile(weights) as archive:
        pickled = {part: archive.read(part) for part in archive.namelist() if part.endswith("data.pkl")}
    with zipfile.ZipFile(weights, "w", zipfile.ZIP_STORED) as archive:
        for name, data in pickled.items():
            archive.writestr(name, data)
            archive.writestr(name.replace("data.pkl", "data/0"), random.Random(member).randbytes(400_000))
    return folder


def zipped(results: Path, member: str, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((results / member).rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(results).as_posix())
    return path


def offered(url: str, archives: dict[str, Path], **changes: object) -> dict:
    """An entry as in Models.json: a liver, and lesions within 10 mm of it."""

    def download(member: str, roles: dict, **more: object) -> dict:
        data = archives[member].read_bytes()
        return {
            "name": "liver" if member == LIVER else "lesions",
            "title": member.split("/")[0],
            "label_roles": roles,
            "folds": ["0"],
            **more,
            "download": {
                "url": f"{url}/{archives[member].name}",
                "bytes": len(data),
                "unpacked_bytes": 5_000_000,
                "sha256": hashlib.sha256(data).hexdigest(),
                "member": member,
            },
        }

    return {
        "id": "open-livers",
        "title": "Livers",
        "version": "1",
        "about": "For tests.",
        "licence": "CC0-1.0",
        "licence_text": "Do as you like.",
        "citation": "Nobody",
        "for_patients": True,
        "warning": "Nobody has looked at it.",
        "steps": [
            download(LIVER, {"parenchyma": [2]}),
            download(LESIONS, {"tumor": [1]}, crop={"of": "liver", "margin_mm": 10.0}, says="Also benign ones."),
        ],
        **changes,
    }
