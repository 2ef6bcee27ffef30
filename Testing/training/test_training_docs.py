"""What docs/training.md and docs/open-weights.md tell the reader to type is what the command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from PTLFPredictorLib.cli import parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/training.md", "docs/open-weights.md", "docs/model-card.md", "docs/user-guide.md")


def typed(page: str) -> list[list[str]]:
    """The commands in the page's blocks, without those that stand for several (``list|show``, ``[--ct PATH]``)."""
    blocks = re.findall(r"^```\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("./ptlf ")]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if not re.search(r"\w\|\w|\[--|      \./", line)]
    return [words for words in commands if "--help" not in words]


@pytest.mark.parametrize("page", ["docs/training.md", "docs/open-weights.md"])
def test_every_command_is_one_that_the_product_takes(page):
    found = typed(page)
    assert len(found) >= 4
    for words in found:
        parser().parse_args(words)  # leaves with exit code 2 where an option does not exist


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_links_to_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []
