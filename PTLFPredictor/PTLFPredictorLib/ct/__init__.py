"""Read a CT, bring it to canonical form, check it, describe it."""

from .findings import LEVELS, Finding, Protocol, of_level

__all__ = ["LEVELS", "Finding", "Protocol", "of_level"]
