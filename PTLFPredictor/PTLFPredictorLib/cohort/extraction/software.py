"""Versions of what a feature's value depends on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from ... import __version__

PACKAGES = ("numpy", "scipy", "SimpleITK", "pydicom")


def software() -> dict[str, str]:
    """Of this program and of the packages that compute; "" for one that is not installed."""
    return {"PTLFPredictor": __version__, **{name: _version(name) for name in PACKAGES}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
