"""What is measured of one patient: ``(study, segments) -> named values``, each kind in a room of its own.

`radiomics` computes features of the two VOIs.
"""
