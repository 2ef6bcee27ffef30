"""Signature files: from JSON to a `Signature`, every entry checked; files of schema 1 are converted first.

Whether a signature's limits may stand is policy, and checked by `files.parse`.
"""

from .file import read

__all__ = ["read"]
