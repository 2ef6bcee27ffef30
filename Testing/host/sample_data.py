"""Slicer's Sample Data module, as far as an extension meets it: its rules for an entry, and the entry's button.

`load` gives Slicer's own SampleData.py where its source is at hand, else a double with the same rules.
"""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path


class SampleDataSource:
    """Fields of an entry; as many file names and node names as addresses, and at least one address."""

    def __init__(self, sampleName=None, uris=None, fileNames=None, nodeNames=None, customDownloader=None):
        if isinstance(uris, str):
            uris, fileNames, nodeNames = [uris], [fileNames], [nodeNames]
        elif uris is not None and nodeNames is None:
            nodeNames = [None] * len(uris)
        self.sampleName, self.uris, self.fileNames, self.nodeNames = sampleName, uris, fileNames, nodeNames
        self.sampleDescription, self.customDownloader = sampleName, customDownloader
        if not len(uris) == len(fileNames) == len(nodeNames):
            raise ValueError("All fields of sample data source must have the same length")


class SampleDataLogic:
    @staticmethod
    def registerCustomSampleDataSource(
        category="Custom", sampleName=None, uris=None, fileNames=None, nodeNames=None, customDownloader=None
    ):
        import slicer

        source = SampleDataSource(sampleName, uris, fileNames, nodeNames, customDownloader)
        slicer.modules.sampleDataSources.setdefault(category, []).append(source)


class SampleDataWidget:
    @staticmethod
    def setCategoriesFromSampleDataSources(categoryLayout, dataSources, logic):
        """A button for each entry; a click calls its downloader with the entry."""
        import qt

        for source in (source for sources in dataSources.values() for source in sources):
            button = qt.QToolButton()
            button.setText(source.sampleDescription)
            button.name = f"{source.sampleName}PushButton"
            categoryLayout.addWidget(button)
            button.connect("clicked()", lambda source=source: source.customDownloader(source))


def load(path: Path | None) -> types.ModuleType:
    """The module ``SampleData``, of Slicer's source or the double."""
    if path is None:
        module = types.ModuleType("SampleData", __doc__)
        for cls in (SampleDataSource, SampleDataLogic, SampleDataWidget):
            setattr(module, cls.__name__, cls)
        return module
    _what_its_buttons_lie_in()
    spec = importlib.util.spec_from_file_location("SampleData", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _what_its_buttons_lie_in() -> None:
    """Layout classes of Slicer's own module that no panel of ours uses."""
    import ctk
    import qt

    class ctkFlowLayout(qt.QVBoxLayout):
        preferredExpandingDirections = None

    class QDesktopWidget:  # Slicer 5.10
        primaryScreen = 0

        def availableGeometry(self, screen):
            return qt.QRect(0, 0, 1600, 1200)

    ctk.ctkCollapsibleGroupBox, ctk.ctkFlowLayout, qt.QDesktopWidget = qt.QGroupBox, ctkFlowLayout, QDesktopWidget
