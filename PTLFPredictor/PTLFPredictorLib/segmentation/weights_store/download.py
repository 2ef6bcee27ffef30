"""A file from the web: over HTTPS, continued where it was cut, compared with its SHA-256, told as it comes."""

from __future__ import annotations

import errno
import http.client
import os
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...errors import BadInput, PTLFError
from ...hashes import file_sha256
from ...progress import Progress
from .part import Part, Wanted

TIMEOUT_S = 30.0
"""For the connection, and for the next bytes of it."""

PAUSES_S = (0.5, 2.0, 5.0, 10.0)
"""Before a cut download is continued; a connection that brought something starts anew at the first."""

CHUNK = 1 << 18

LOOPBACK = "PTLF_LOOPBACK_HTTP"
"""Environment variable: plain HTTP is allowed to this very computer (tests)."""

RETRIED = (408, 429, 500, 502, 503, 504)


class _Cut(Exception):
    """The connection broke; what came is kept."""


def download_stage(what: str) -> str:
    """As progress calls it."""
    return f"Fetching {what} (kB)"


def check_stage(what: str) -> str:
    return f"Checking {what}"


def download(
    url: str,
    target: Path,
    *,
    size: int,
    exact: bool = True,
    sha256: str = "",
    what: str = "the weights",
    progress: Progress,
    pauses_s: tuple[float, ...] = PAUSES_S,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """Fetch a file; `target` is there as a whole and right, or not at all.

    Parameters
    ----------
    url : str
        HTTPS; proxies are taken from the environment, as `urllib` does.
    target : Path
        Beside it, ``.part`` keeps what came before a cut, to be continued.
    size : int
        Bytes that the file has.
    exact : bool
        Whether it must have just these; else they are "about", and what the server says counts, within `part.ABOUT`.
    sha256 : str
        That it must have; "" where the publisher prints none.
    what : str
        In sentences and progress.
    progress : Progress
        In kB; may raise to stop, which keeps what has come.

    Returns
    -------
    str
        The file's SHA-256.

    Raises
    ------
    BadInput
        For an address that is not secure, a file that is not there or another one than was meant, a full disk.
    PTLFError
        When the network or the server failed; what has come is kept.
    """
    _require_secure(url)
    part = Part(target.with_name(f"{target.name}.part"))
    waiting = list(pauses_s)
    while True:
        before = part.size
        try:
            if not 0 < before == part.told[1]:
                _fetch(url, part, Wanted(what, size, exact), progress, timeout_s)
            break
        except _Cut as cut:
            if part.size > before:
                waiting = list(pauses_s)
            if not waiting:
                raise PTLFError(
                    f"Fetching {what} broke off ({cut}): {part.size / 1e6:.1f} of "
                    f"{(part.told[1] or size) / 1e6:.1f} MB came and are kept. Start it again to continue."
                ) from cut
            time.sleep(waiting.pop(0))
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise BadInput(
                f"The disk is full: {part.size / 1e6:.1f} of {size / 1e6:.1f} MB of {what} came and are kept. Free "
                "some space and start it again to continue."
            ) from error
    progress(check_stage(what), 0, 1)
    found = file_sha256(part.path)
    if sha256 and found != sha256:
        part.drop()
        raise BadInput(
            f"What came from {urlsplit(url).hostname} is not {what}: its SHA-256 is {found[:16]}..., expected is "
            f"{sha256[:16]}... It was removed. Try again; if it happens again, do not use it and tell the publisher."
        )
    progress(check_stage(what), 1, 1)
    os.replace(part.path, target)
    part.drop()
    return found


def _fetch(url: str, part: Part, wanted: Wanted, progress: Progress, timeout_s: float) -> None:
    """One connection; returns when the file is whole."""
    have, (validator, size) = part.size, part.told
    headers = {"User-Agent": "PTLFPredictor", "Accept-Encoding": "identity"}
    if 0 < have < size and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    else:
        have = 0
    try:
        answer = _opener().open(urllib.request.Request(url, headers=headers), timeout=timeout_s)
    except urllib.error.HTTPError as error:
        with error:
            raise _refused(error, url, wanted.what, part) from error
    except urllib.error.URLError as error:
        raise _unreachable(url, error.reason) from error
    except (http.client.HTTPException, OSError) as error:
        raise _Cut(_words(error)) from error
    with answer:
        start = _start_of(answer)
        if have and start != have:  # the file has changed, or this server continues nothing
            if start != 0:
                part.drop()
                raise _Cut("the server sent another part than was asked for")
            have = 0
        length = answer.headers.get("Content-Length", "")
        size = have + int(length) if length.isdecimal() else size if have else wanted.size
        if refusal := wanted.refusal(size):
            part.drop()
            raise BadInput(refusal)
        if not have:
            part.begin(_validator_of(answer), size)
        _store(answer, part, have, size, wanted.what, progress)


def _store(answer: Any, part: Part, have: int, size: int, what: str, progress: Progress) -> None:
    stage = download_stage(what)
    progress(stage, have >> 10, size >> 10)
    with open(part.path, "ab" if have else "wb") as out:
        while True:
            try:
                data = answer.read1(min(CHUNK, size - have + 1))
            except (http.client.HTTPException, OSError) as error:
                raise _Cut(_words(error)) from error
            if not data:
                break
            have += len(data)
            if have > size:
                out.close()
                part.drop()
                raise BadInput(f"The server sends more than the {size} bytes that {what} have. Nothing was kept.")
            out.write(data)
            out.flush()
            progress(stage, have >> 10, size >> 10)
    if have < size:
        raise _Cut("the connection was closed")


def _start_of(answer: Any) -> int:
    """Where in the file an answer begins; -1 where it does not say."""
    if answer.status != 206:
        return 0
    said = re.match(r"bytes (\d+)-\d+/(?:\d+|\*)$", answer.headers.get("Content-Range", ""))
    return int(said[1]) if said else -1


def _validator_of(answer: Any) -> str:
    etag = answer.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")


def _refused(error: urllib.error.HTTPError, url: str, what: str, part: Part) -> Exception:
    if error.code == 416 and part.size:  # it cannot continue what is here
        part.drop()
        return _Cut("the server could not continue")
    if error.code in RETRIED:
        return _Cut(f"the server answered {error.code} {error.reason}")
    if error.code in (404, 410):
        return BadInput(f"{what[:1].upper()}{what[1:]} are no longer at {url} (the server answered {error.code}).")
    if error.code == 407:
        return BadInput("The proxy asks for a name and a password; set them in HTTPS_PROXY.")
    return BadInput(f"{urlsplit(url).hostname} does not hand out {what}: it answered {error.code} {error.reason}.")


def _unreachable(url: str, reason: Any) -> Exception:
    host = urlsplit(url).hostname
    if isinstance(reason, ssl.SSLCertVerificationError):
        return BadInput(
            f"The certificate of {host} cannot be trusted ({reason.verify_message}). Behind a proxy that opens HTTPS, "
            "name its certificate in SSL_CERT_FILE."
        )
    if isinstance(reason, socket.gaierror):
        return PTLFError(
            f"{host} cannot be found: there is no internet here, or it needs a proxy (HTTPS_PROXY). The weights can "
            "also be brought from another computer: 'ptlf models get --help' says how."
        )
    return _Cut(_words(reason))


def _words(error: Any) -> str:
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _require_secure(url: str) -> None:
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (local and os.environ.get(LOOPBACK) == "1"):
        raise BadInput(f"Weights are fetched over HTTPS alone, not from {parts.scheme}://{parts.hostname}.")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows only to where the first address might have led."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _require_secure(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_Redirects)
