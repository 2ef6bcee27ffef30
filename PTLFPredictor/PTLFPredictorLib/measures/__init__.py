"""What is measured of one patient: named values with their provenance (see `value`), each kind in a room of its own.

`radiomics` computes features of the two VOIs; `clinical` scores and stages from laboratory values and findings.
"""
