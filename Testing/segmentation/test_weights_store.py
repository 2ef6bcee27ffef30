"""Open weights: fetched once agreed to, whole or not at all, continued after a cut, or brought without internet."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
import time
from pathlib import Path

import jsonschema
import pytest

import weights_server
from PTLFPredictorLib import child
from PTLFPredictorLib.cli import main
from PTLFPredictorLib.errors import BadInput, Cancelled, PTLFError, UnusableModel
from PTLFPredictorLib.segmentation import catalogue, find_model, verify, weights_store
from PTLFPredictorLib.segmentation.model import Crop
from PTLFPredictorLib.segmentation.weights_store import download as downloading
from PTLFPredictorLib.segmentation.weights_store import place, store
from weights_server import LESIONS, LIVER, offered, published, send, serving, wanted, zipped

RESOURCES = Path(__file__).resolve().parents[2] / "PTLFPredictor" / "Resources"


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """What the publisher has: two trained folders, and a zip of each."""
    folder = tmp_path_factory.mktemp("results")
    for member in (LIVER, LESIONS):
        published(folder, member)
        zipped(folder, member, folder / f"{member.split('/')[0]}.zip")
    return folder


@pytest.fixture
def server(results, tmp_path, monkeypatch):
    """The publisher's server, whose two zips are offered."""
    with serving() as running:
        archives = {member: results / f"{member.split('/')[0]}.zip" for member in (LIVER, LESIONS)}
        running.files = {path.name: path.read_bytes() for path in archives.values()}
        running.entry = offered(running.url, archives)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PTLF_MODELS", str(tmp_path / "user"))
        monkeypatch.setenv("PTLF_OFFERS", str(tmp_path / "offers.json"))
        monkeypatch.setenv("PTLF_LOOPBACK_HTTP", "1")
        monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "nowhere"))
        monkeypatch.delenv("TOTALSEG_WEIGHTS_PATH", raising=False)
        write_offer(running.entry)
        yield running


def write_offer(entry: dict) -> None:
    Path(os.environ["PTLF_OFFERS"]).write_text(json.dumps({"available": [entry]}))


def get(**options):
    options = {"pauses_s": (0.01, 0.01, 0.01), "timeout_s": 5.0, **options}
    return weights_store.fetch("open-livers", weights_store.offer("open-livers").agreement, **options)


def left_over() -> list[str]:
    """Names in the user's folder, but for the model and the hashes of first downloads."""
    base = Path(os.environ["PTLF_MODELS"])
    found = [path.name for path in base.iterdir()] if base.is_dir() else []
    return sorted(set(found) - {"open-livers", "known.json"})


def test_weights_are_fetched_and_become_a_model(server):
    told = []
    model = get(progress=lambda *call: told.append(call))
    assert model == find_model("open-livers") == verify(model)
    assert [(step.name, dict(step.label_roles)) for step in model.steps] == [
        ("liver", {"parenchyma": (2,)}),
        ("lesions", {"tumor": (1,)}),
    ]
    assert model.steps[1].crop == Crop("liver", 10.0)
    assert model.for_patients
    assert model.warning == "Nobody has looked at it."
    assert left_over() == []
    source = weights_store.source_of(model)
    assert source["agreement"] == weights_store.offer("open-livers").agreement
    for step, name in zip(model.steps, server.files, strict=True):
        assert source["steps"][step.name]["sha256"] == hashlib.sha256(server.files[name]).hexdigest()
        assert sorted(path.name for path in step.folder.rglob("*") if path.is_file()) == [
            "checkpoint_final.pth",
            "dataset.json",
            "plans.json",
            "weights.json",
        ]
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == [
        "Fetching the weights of Dataset291_Organs (kB)",
        "Checking the weights of Dataset291_Organs",
        "Fetching the weights of Dataset591_Lesions (kB)",
        "Checking the weights of Dataset591_Lesions",
        "Unpacking and checking",
    ]
    assert all(0 <= done <= total for _, done, total in told)
    assert "open-livers" not in [one.model_id for one in weights_store.offers()]
    with pytest.raises(BadInput, match="is here already"):
        get()


@pytest.mark.parametrize("agreed", ["", "yes", "0" * 64])
def test_a_licence_that_was_not_agreed_to_fetches_nothing(server, agreed):
    with pytest.raises(BadInput, match=r"has not been agreed to as it reads now. Nothing was fetched"):
        weights_store.fetch("open-livers", agreed)
    assert server.requests == []
    assert left_over() == []


def test_what_was_agreed_to_is_the_text_that_was_shown(server):
    before = weights_store.offer("open-livers")
    for part in ("Do as you like.", "CC0-1.0", "Nobody", "Also benign ones.", *before.urls, "MB must be free"):
        assert part in before.text
    write_offer({**server.entry, "licence_text": "Pay."})
    with pytest.raises(BadInput, match="has not been agreed to as it reads now"):
        weights_store.fetch("open-livers", before.agreement)
    assert server.requests == []


def cut_after(size: int, times: int):
    """The connection breaks after so many bytes, so often."""
    left = [times]

    def misbehave(request, data: bytes) -> bool:
        status, start = wanted(request, data)
        if left[0] == 0:
            return False
        left[0] -= 1
        send(request, data, status, start, start + size)
        return True

    return misbehave


def test_a_cut_download_is_continued(server):
    server.misbehave = cut_after(100_000, times=2)
    get()
    first, second, third = server.asked("Dataset291_Organs.zip")
    assert "Range" not in first
    assert second["Range"] == "bytes=100000-"
    assert third["Range"] == "bytes=200000-"
    assert second["If-Range"] == weights_server.etag(server.files["Dataset291_Organs.zip"])


def test_a_download_that_breaks_off_is_kept_for_the_next_run(server):
    server.misbehave = cut_after(0, times=99)
    with pytest.raises(PTLFError, match=r"broke off \(.*\): 0.0 of 0.4 MB came and are kept. Start it again"):
        get()
    server.misbehave = cut_after(200_000, times=1)
    with pytest.raises(PTLFError, match=r"0.2 of 0.4 MB"):
        get(pauses_s=())
    asked = len(server.requests)
    server.misbehave = lambda request, data: False
    get()
    assert server.requests[asked][1]["Range"] == "bytes=200000-"
    assert left_over() == []


def continues_nothing(request, data: bytes) -> bool:
    send(request, data, 200, 0)
    return True


def lies_about_ranges(request, data: bytes) -> bool:
    if "Range" not in request.headers:
        return False
    send(request, data, 206, 500)
    return True


def refuses_ranges(request, data: bytes) -> bool:
    if "Range" not in request.headers:
        return False
    request.send_error(416)
    return True


@pytest.mark.parametrize("misbehave", [continues_nothing, lies_about_ranges, refuses_ranges])
def test_a_server_that_cannot_continue_is_asked_anew(server, misbehave):
    server.misbehave = cut_after(100_000, times=1)
    with pytest.raises(PTLFError, match="broke off"):
        get(pauses_s=())
    server.misbehave = misbehave
    verify(get())


def test_a_file_that_changed_in_between_is_not_mixed(server):
    """Of the same size, and its publisher prints no hash: If-Range alone tells."""
    for step in server.entry["steps"]:
        step["download"]["sha256"] = None
    write_offer(server.entry)
    server.misbehave = cut_after(100_000, times=1)
    with pytest.raises(PTLFError, match="broke off"):
        get(pauses_s=())
    changed = bytearray(server.files["Dataset291_Organs.zip"])
    changed[10:14] = b"\0\0\x21\0"  # the time of the first member
    server.files["Dataset291_Organs.zip"] = bytes(changed)
    model = get()
    assert weights_store.source_of(model)["steps"]["liver"]["sha256"] == hashlib.sha256(changed).hexdigest()


def test_without_a_publishers_hash_that_of_the_first_download_is_kept(server, tmp_path):
    for step in server.entry["steps"]:
        step["download"]["sha256"] = None
    write_offer(server.entry)
    get()
    known = json.loads((tmp_path / "user/known.json").read_text())
    assert (
        known[f"{server.url}/Dataset591_Lesions.zip"]
        == hashlib.sha256(server.files["Dataset591_Lesions.zip"]).hexdigest()
    )
    assert main(["models", "remove", "open-livers", "--yes"]) == 0
    server.files["Dataset591_Lesions.zip"] = server.files["Dataset591_Lesions.zip"][:-1] + b"\1"
    with pytest.raises(BadInput, match="is not the weights of Dataset591_Lesions: its SHA-256"):
        get()
    assert [model.id for model in catalogue()] == ["ptlf-demo-1"]


def test_a_wrong_hash_is_refused_and_removed(server, tmp_path):
    server.files["Dataset591_Lesions.zip"] = server.files["Dataset591_Lesions.zip"][:-1] + b"\1"
    with pytest.raises(BadInput, match=r"is not the weights of Dataset591_Lesions: .* It was removed"):
        get()
    assert [path.name for path in (tmp_path / "user/.downloads").iterdir()] == ["liver-Dataset291_Organs.zip"]
    assert "open-livers" not in [model.id for model in catalogue()]
    asked = len(server.asked("Dataset291_Organs.zip"))
    server.files["Dataset591_Lesions.zip"] = (tmp_path / "offers.json").read_bytes()
    with pytest.raises(BadInput, match=r"The publisher's file has \d+ bytes; .* another file by now"):
        get()
    assert len(server.asked("Dataset291_Organs.zip")) == asked  # what was whole is not fetched twice


def test_where_no_hash_is_known_the_size_is_about(server):
    for step in server.entry["steps"]:
        step["download"] |= {"sha256": None, "bytes": 300_000}
    write_offer(server.entry)
    server.misbehave = cut_after(100_000, times=1)
    model = get()
    assert server.requests[1][1]["Range"] == "bytes=100000-"
    sizes = [len(data) for data in server.files.values()]
    assert [one["bytes"] for one in weights_store.source_of(model)["steps"].values()] == sizes
    assert main(["models", "remove", "open-livers", "--yes"]) == 0
    for step in server.entry["steps"]:
        step["download"] |= {"bytes": 100_000}
    write_offer(server.entry)
    with pytest.raises(BadInput, match=r"has \d+ bytes, far more than the weights of Dataset291_Organs"):
        get()


def longer_than_announced(request, data: bytes) -> bool:
    request.send_response(200)
    request.send_header("Connection", "close")
    request.end_headers()
    request.wfile.write(data + bytes(10))
    request.close_connection = True
    return True


def test_a_server_that_sends_more_than_the_file_has(server):
    server.misbehave = longer_than_announced
    with pytest.raises(BadInput, match="The server sends more than the"):
        get()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (404, "The weights of Dataset291_Organs are no longer at http"),
        (403, "127.0.0.1 does not hand out the weights of Dataset291_Organs: it answered 403 Forbidden"),
        (407, "The proxy asks for a name and a password"),
    ],
)
def test_a_server_that_refuses(server, status, sentence):
    server.misbehave = lambda request, data: request.send_error(status) is None
    with pytest.raises(BadInput, match=sentence):
        get()
    assert len(server.requests) == 1
    assert left_over() == []


def test_a_server_that_is_busy_is_asked_again(server):
    left = [503, 429]
    server.misbehave = lambda request, data: bool(left) and request.send_error(left.pop()) is None
    get()
    assert len(server.asked("Dataset291_Organs.zip")) == 3


def redirect(to: str):
    def misbehave(request, data: bytes) -> bool:
        if request.path.startswith("/Dataset291"):
            request.send_response(302)
            request.send_header("Location", to)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return True
        return False

    return misbehave


def test_redirects_are_followed_to_where_the_connection_is_as_safe(server):
    server.files["signed"] = server.files["Dataset291_Organs.zip"]
    server.misbehave = redirect(f"{server.url}/signed")
    get()
    assert server.asked("signed")


def test_a_redirect_to_plain_http_is_refused(server):
    server.misbehave = redirect("http://192.0.2.1/weights.zip")
    with pytest.raises(BadInput, match=r"Weights are fetched over HTTPS alone, not from http://192.0.2.1"):
        get()


def test_plain_http_is_refused_even_to_this_computer_without_the_option(server, monkeypatch):
    monkeypatch.delenv("PTLF_LOOPBACK_HTTP")
    with pytest.raises(BadInput, match="over HTTPS alone"):
        get()
    assert server.requests == []


def test_no_internet(server, monkeypatch):
    for step in server.entry["steps"]:
        step["download"]["url"] = f"https://weights.invalid/{step['name']}.zip"
    write_offer(server.entry)
    with pytest.raises(PTLFError, match=r"weights.invalid cannot be found: there is no internet here"):
        get()


def test_nothing_that_answers(server):
    server.misbehave = lambda request, data: time.sleep(0.3) is None
    with pytest.raises(PTLFError, match=r"broke off \(nothing came in time\)"):
        get(timeout_s=0.1, pauses_s=(0.01,))


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    """The proxy is asked with the whole address; it is the server itself here."""
    for step in server.entry["steps"]:
        step["download"]["url"] = step["download"]["url"].replace("127.0.0.1", "localhost")
    write_offer(server.entry)
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(BadInput, match="are no longer at"):
        get()
    assert server.requests[0][0].startswith("http://localhost:")


def test_a_disk_without_space_is_seen_before(server, monkeypatch):
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(place.shutil, "disk_usage", lambda _: usage._replace(free=100_000_000))
    with pytest.raises(BadInput, match=r"100 MB free; 1\d MB and some to spare are needed. Free \d+ MB, or name"):
        get()
    assert server.requests == []


def full(mode: str):
    return Path("/dev/full").open(mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk is Linux's /dev/full")
def test_a_disk_that_gets_full(server, monkeypatch):
    monkeypatch.setattr(downloading, "open", lambda _, mode: full(mode), raising=False)
    with pytest.raises(BadInput, match=r"The disk is full: .* Free some space and start it again"):
        get()


def test_a_stopped_download_is_continued(server, monkeypatch):
    monkeypatch.setattr(downloading, "CHUNK", 4096)  # never all at once

    def stop(stage: str, done: int, total: int) -> None:
        if done > total / 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        get(progress=stop)
    assert left_over() == [".downloads"]
    get()
    assert "Range" in server.requests[1][1]
    assert left_over() == []


def test_two_that_fetch_the_same_at_once(server):
    answers = []

    def run() -> None:
        try:
            answers.append(get().id)
        except BadInput as error:
            answers.append(error.message)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["The model 'open-livers' is here already.", "open-livers"]
    assert [len(server.asked(name)) for name in server.files] == [1, 1]
    assert left_over() == []


def test_a_killed_child_leaves_what_came_and_the_next_one_continues(server, tmp_path, monkeypatch):
    """As panel and shell do it: the work is a child's."""
    slow = threading.Event()

    def misbehave(request, data: bytes) -> bool:
        if slow.is_set():
            return False
        send(request, data, *wanted(request, data), 100_000)
        request.wfile.flush()
        slow.wait(20)
        return True

    server.misbehave = misbehave
    job = weights_store.fetch_job("open-livers", weights_store.offer("open-livers").agreement)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    running = child.Child(weights_store.WORKER, job, tmp_path / "first")
    while not any(event.get("done", 0) > 90 for event in running.poll()) and running.running:
        time.sleep(0.02)
    running.cancel()
    slow.set()
    with pytest.raises(Cancelled):
        running.result()
    lock = tmp_path / "user/.downloads.lock"
    assert lock.is_dir()
    os.utime(lock, (0, 0))  # it was killed long ago
    outputs = child.run(weights_store.WORKER, job, tmp_path / "second")
    assert weights_store.model_fetched(outputs) == find_model("open-livers")
    assert server.requests[1][1]["Range"].startswith("bytes=")
    assert left_over() == []


@pytest.mark.parametrize("failure", [Cancelled(), OSError(errno.ENOSPC, "No space left on device")])
def test_what_came_whole_is_not_fetched_again_where_unpacking_was_stopped(server, monkeypatch, failure):
    def stop(source: Path, target: Path, *, below: str = "") -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(store, "unpack_members", stop)
        with pytest.raises(Cancelled if isinstance(failure, Cancelled) else BadInput):
            get()
    asked = len(server.requests)
    assert verify(get()) == find_model("open-livers")
    assert len(server.requests) == asked
    assert left_over() == []


def test_archives_that_are_no_model_leave_nothing(server, results, tmp_path):
    folder = Path(shutil.copytree(results / LIVER.split("/")[0], tmp_path / "bad" / LIVER.split("/")[0]))
    plans = folder / LIVER.split("/")[1] / "plans.json"
    plans.write_text(plans.read_text().replace("InstanceNorm3d", "EvilNorm3d"))
    archive = zipped(tmp_path / "bad", LIVER, tmp_path / "Dataset291_Organs.zip")
    server.files[archive.name] = archive.read_bytes()
    archives = {LIVER: archive, LESIONS: results / "Dataset591_Lesions.zip"}
    write_offer(offered(server.url, archives))
    with pytest.raises(UnusableModel, match=r"wants to import .*EvilNorm3d"):
        get()
    assert left_over() == []
    assert list((tmp_path / "user").iterdir()) == []


SOURCES = {
    "the publisher's zips": lambda results: [results / "Dataset291_Organs.zip", results / "Dataset591_Lesions.zip"],
    "the folder that holds the zips": lambda results: [zips_alone(results)],
    "the folder of all results": lambda results: [results],
    "the folders of the data sets": lambda results: [results / "Dataset291_Organs", results / "Dataset591_Lesions"],
    "the folders of the trainings": lambda results: [results / LIVER, results / LESIONS],
    "one so, one so": lambda results: [results / "Dataset291_Organs.zip", results / LESIONS],
}


def zips_alone(results: Path) -> Path:
    folder = results / "zips"
    folder.mkdir(exist_ok=True)
    for path in results.glob("*.zip"):
        shutil.copy(path, folder)
    return folder


@pytest.mark.parametrize("what", SOURCES)
def test_weights_are_brought_without_internet(server, results, what):
    model = weights_store.bring("open-livers", SOURCES[what](results))
    assert verify(find_model("open-livers")) == model
    assert weights_store.source_of(model)["agreement"] == ""  # nobody was asked
    assert server.requests == []
    assert left_over() == []


def test_what_totalsegmentator_has_fetched_is_taken(server, results, tmp_path, monkeypatch, capsys):
    (tmp_path / "home/nnunet").mkdir(parents=True)
    (tmp_path / "home/nnunet/results").symlink_to(results)
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "home"))
    assert main(["models", "list"]) == 0
    assert "weights here already: --from totalsegmentator" in capsys.readouterr().out
    assert main(["models", "get", "open-livers", "--from", "totalsegmentator"]) == 0
    assert len(verify(find_model("open-livers")).steps) == 2
    assert main(["models", "remove", "open-livers", "--yes"]) == 0
    monkeypatch.setenv("TOTALSEG_WEIGHTS_PATH", str(tmp_path / "elsewhere"))
    capsys.readouterr()
    assert main(["models", "get", "open-livers", "--from", "totalsegmentator"]) == 2
    assert "TotalSegmentator has fetched no weights here" in capsys.readouterr().err


def test_weights_that_are_not_there_are_named_with_their_address(server, results):
    with pytest.raises(BadInput, match=r"in none of the places .* Dataset591_Lesions: http://127.0.0.1:\d+/Dataset591"):
        weights_store.bring("open-livers", [results / LIVER])
    with pytest.raises(BadInput, match=r"There is no '.*gone.zip'"):
        weights_store.bring("open-livers", [results / "gone.zip"])


def test_a_zip_that_came_in_part_is_told_as_such(server, results, tmp_path):
    part = tmp_path / "Dataset591_Lesions.zip"
    part.write_bytes((results / part.name).read_bytes()[:50_000])
    with pytest.raises(BadInput, match=r"'Dataset591_Lesions.zip' is no zip archive, or only a part of one"):
        weights_store.bring("open-livers", [results / LIVER, part])
    assert left_over() == []


def test_a_zip_that_is_not_its_publishers(server, results, tmp_path):
    other = zipped(results, LESIONS, tmp_path / "lesions.zip")
    other.write_bytes(other.read_bytes() + b"\0")
    with pytest.raises(BadInput, match=r"'lesions.zip' is not Dataset591_Lesions: its SHA-256 is another"):
        weights_store.bring("open-livers", [results / LIVER, other])


def test_the_shell_shows_and_asks_before_it_fetches(server, capsys, monkeypatch):
    assert main(["models", "get", "open-livers"]) == 2  # no terminal: nobody can agree
    shown = capsys.readouterr()
    assert "Do as you like." in shown.out
    assert "--accept-licence); nothing was fetched" in shown.err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert main(["models", "get", "open-livers"]) == 2
    assert server.requests == []
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert main(["models", "get", "open-livers"]) == 0
    digest = hashlib.sha256(server.files["Dataset591_Lesions.zip"]).hexdigest()
    assert f"lesions: SHA-256 {digest}" in capsys.readouterr().out
    assert main(["models", "list"]) == 0
    assert "lesions: Dataset591_Lesions" in capsys.readouterr().out
    assert main(["models", "verify", "open-livers"]) == 0
    assert main(["models", "remove", "open-livers", "--yes"]) == 0
    assert not (Path(os.environ["PTLF_MODELS"]) / "open-livers").exists()
    assert main(["models", "get", "open-livers", "--accept-licence"]) == 0


def test_ctrl_c_in_the_shell_keeps_what_has_come_and_says_so(server, monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(downloading, "_store", stop)
    assert main(["models", "get", "open-livers", "--accept-licence"]) == 130
    assert "What has come is kept for 14 days; the same command continues it." in capsys.readouterr().err


def test_a_model_that_is_here_is_told_before_anybody_is_asked(server, capsys):
    get()
    assert main(["models", "get", "open-livers"]) == 2
    shown = capsys.readouterr()
    assert "is here already; 'ptlf models remove open-livers' deletes it" in shown.err
    assert "Do as you like." not in shown.out


def test_offers_of_ones_own_are_checked(server):
    broken = {**server.entry, "steps": [{**server.entry["steps"][1]}]}
    write_offer(broken)
    with pytest.raises(UnusableModel, match="cropped to the liver of 'liver', which is no earlier step"):
        weights_store.offers()
    write_offer({**server.entry, "about": None, "licence_text": "x", "steps": [{"name": "liver"}]})
    with pytest.raises(UnusableModel, match="The offer of weights 'open-livers' cannot be used"):
        weights_store.offers()
    write_offer(server.entry)
    with pytest.raises(BadInput, match=r"No weights 'nothing' are offered"):
        weights_store.offer("nothing")


TOTALSEGMENTATOR = {
    "Dataset291_TotalSegmentator_part1_organs_1559subj": ("v2.0.0-weights", "nnUNetTrainerNoMirroring", "3d_fullres"),
    "Dataset297_TotalSegmentator_total_3mm_1559subj": (
        "v2.0.0-weights",
        "nnUNetTrainer_4000epochs_NoMirroring",
        "3d_fullres",
    ),
    "Dataset591_ct_liver_lesions_842subj": ("v2.5.0-weights", "nnUNetTrainer", "3d_fullres_high"),
    "Dataset008_HepaticVessel": ("v2.4.0-weights", "nnUNetTrainer", "3d_fullres"),
}
"""As its ``map_tasks_config.py`` of release 2.18.0 names them: release, trainer, configuration."""


def test_the_open_weights_are_named_as_their_publisher_names_them():
    data = json.loads((RESOURCES / "Models.json").read_text())
    jsonschema.validate(data, json.loads((RESOURCES / "Models-schema.json").read_text()))
    known = {one.model_id: one for one in weights_store.available()}
    assert list(known)[:3] == ["totalseg-liver-lesions", "totalseg-liver-lesions-fast", "totalseg-liver-vessels"]
    for one in known.values():
        assert "Apache License 2.0" in one.licence_text
        assert "Nobody has validated" in one.entry["warning"]
        for download, step in zip(one.downloads, one.entry["steps"], strict=True):
            dataset, training = download.member.split("/")
            release, trainer, configuration = TOTALSEGMENTATOR[dataset]
            base = "https://github.com/wasserth/TotalSegmentator/releases/download"
            assert download.url == f"{base}/{release}/{dataset}.zip"
            assert training == f"{trainer}__nnUNetPlans__{configuration}"
            assert (step["configuration"], step["orientation"], step["folds"], step["tta"]) == (
                configuration,
                "RAS",
                ["0"],
                False,
            )
            assert step["tile_step"] == (0.8 if step["name"] == "liver" else 0.5)
        assert one.entry["steps"][0]["label_roles"] == {"parenchyma": [5]}
        assert one.entry["steps"][1]["crop"] == {"of": "liver", "margin_mm": 20.0}
    assert known["totalseg-liver-lesions"].entry["steps"][1]["label_roles"] == {"tumor": [1]}
    assert "benign" in " ".join(known["totalseg-liver-lesions"].says)
    assert known["totalseg-liver-vessels"].entry["steps"][1]["label_roles"] == {"tumor": [2]}
