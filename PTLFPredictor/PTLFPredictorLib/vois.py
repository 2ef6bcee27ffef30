"""The two volumes of interest (VOIs) that features are computed of."""

from __future__ import annotations

from enum import StrEnum


class VOI(StrEnum):
    """A volume of interest, by its name inside the program.

    In files the parenchyma keeps the paper's name for it, "liver" (`in_files`, `of_file`): there it is the liver
    *without* tumour, while segments and volumes call the whole organ the liver.
    """

    TUMOUR = "tumor"
    """The union of all lesions."""

    PARENCHYMA = "parenchyma"
    """The liver minus the tumour."""

    @property
    def words(self) -> str:
        """For people: "tumour", "parenchyma"."""
        return {VOI.TUMOUR: "tumour", VOI.PARENCHYMA: "parenchyma"}[self]

    @property
    def in_files(self) -> str:
        """In signature files, records and files of features: "tumor", "liver"."""
        return {VOI.TUMOUR: "tumor", VOI.PARENCHYMA: "liver"}[self]

    @classmethod
    def of_file(cls, name: str) -> VOI:
        """From its name in a file; ValueError for another name."""
        for voi in cls:
            if name == voi.in_files:
                return voi
        raise ValueError(f"no such VOI: {name!r}")


IN_FILES = tuple(voi.in_files for voi in VOI)
"""Names of the VOIs in files."""
