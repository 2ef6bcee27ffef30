"""Everything PTLFPredictor computes, usable with and without 3D Slicer.

The rooms, in the direction in which imports may point::

    cli, panel -> mrml -> cohort -> case -> report -> signature
               -> radiomics, segmentation, sample -> ct

`errors`, `progress` and `child` stand below all rooms.
"""

__version__ = "0.1.0"

RESEARCH_USE = "Research use only. Not a medical device, not for treatment decisions."
