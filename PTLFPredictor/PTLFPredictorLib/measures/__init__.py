"""What is measured of one patient: named values with their provenance (see `value`), each kind in a room of its own.

`radiomics` computes features of the two VOIs, ``(study, segments) -> values``; `clinical` computes scores, grades and
stages of what a person enters.
"""
