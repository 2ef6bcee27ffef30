"""Everything PTLFPredictor computes, usable with and without 3D Slicer.

The rooms, in the direction in which imports may point::

    cli, panel -> mrml -> cohort, training -> case -> render -> record -> signature
               -> measures, segmentation, sample -> ct -> child

What every room may use stands below them: `errors`, `progress`, `hashes`, `vois` and the other modules beside this one.
"""

__version__ = "0.1.0"

RESEARCH_USE = "Research use only. Not a medical device, not for treatment decisions."
