"""How a CT was made, as far as a record may say it: numbers and words of our tables, never a header's free text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .phase import Phase, from_header

OTHER = "other"
"""What is there but in no table; its text may name anybody."""

_MAKERS = {
    "GE": ("ge", "general electric"),
    "Siemens": ("siemens",),
    "Philips": ("philips", "picker", "marconi"),
    "Canon": ("canon", "toshiba"),
    "Hitachi": ("hitachi", "fujifilm"),
    "Neusoft": ("neusoft",),
    "United Imaging": ("uih", "united imaging"),
    "Samsung": ("samsung", "neurologica"),
    "Shimadzu": ("shimadzu",),
}
"""Maker -> words (whole ones) by which Manufacturer (0008,0070) names it, with those that it took over."""

_KERNEL_WORDS = frozenset(
    # GE
    "STANDARD STND STD SOFT DETAIL BONE BONEPLUS LUNG EDGE ULTRA CHEST HD "
    # Philips
    "A B C D E F L U YA YB YC YD EA EB EC UA UB UC CA CB XCA XCB IMR SHARP SMOOTH "
    # United Imaging, Neusoft, and words of several
    "BODY HEAD ABDOMEN MEDIUM HIGH LOW ROUTINE ASIR SS".split()
)
"""Names of convolution kernels in conformance statements and public headers."""

_KERNEL_CODE = re.compile(r"[A-Z][A-Z]?\d{2}[A-Z]{0,2}(-[A-Z])?")
"""Siemens B30f, I31s, Br38f, Qr40d; Canon FC08, FC18-H, FL01; Hitachi and others: two digits at most, too short for a
patient's number."""

_SMALL_NUMBER = re.compile(r"[0-9]{1,2}")
"""The second value of Siemens' iterative kernels (strength 1 to 5) and Hitachi's kernels."""


def describe(get: Callable[[str], Any], slices: int) -> tuple[Phase, dict[str, Any]]:
    """Contrast phase and source of a DICOM series, by one of its headers: for files and for volumes of a scene alike.

    Parameters
    ----------
    get : callable
        Takes a keyword and returns the entry's value, or None where it is absent, empty or damaged (`frames.Slice`).
    slices : int
    """
    return from_header(get), described(get, slices)


def described(get: Callable[[str], Any], slices: int) -> dict[str, Any]:
    """Format, slices, kVp, thickness, maker and kernel of a DICOM series.

    Parameters
    ----------
    get : callable
        Takes a keyword and returns the entry's value, or None.
    slices : int
    """
    found: dict[str, Any] = {"format": "DICOM", "slices": slices}
    for name, tag in (("kvp", "KVP"), ("slice_thickness_mm", "SliceThickness")):
        try:
            value = float(get(tag))
        except (TypeError, ValueError):
            continue
        if 0 < value < float("inf"):
            found[name] = value
    for name, tag, known in (("manufacturer", "Manufacturer", maker), ("kernel", "ConvolutionKernel", kernel)):
        if get(tag):
            found[name] = known(get(tag))
    return found


def maker(value: Any) -> str:
    """The maker that an entry names, by our name for it."""
    text = str(value).lower()
    named = [name for name, words in _MAKERS.items() if any(re.search(rf"\b{word}\b", text) for word in words)]
    return named[0] if len(named) == 1 else OTHER


def kernel(value: Any) -> str:
    """A convolution kernel as it is written there, if it is a known word or a kernel's short code."""
    parts = [value] if isinstance(value, str) else list(value)
    text = "/".join(str(part).strip() for part in parts)
    words = [word for word in re.split(r"[/\s_]+", text) if word]
    return text if words and len(words) <= 4 and all(map(_is_kernel, words)) else OTHER


def _is_kernel(word: str) -> bool:
    upper = word.upper()
    return upper in _KERNEL_WORDS or bool(_KERNEL_CODE.fullmatch(upper) or _SMALL_NUMBER.fullmatch(upper))
