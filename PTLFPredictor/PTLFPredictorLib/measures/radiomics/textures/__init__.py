"""Texture matrices and their features.

PyRadiomics 3.0.1 and the Image Biomarker Standardisation Initiative (IBSI reference manual, arXiv 1612.07003,
section 3.6 to 3.11; its codes stand with each feature).  Each module makes its matrix from a `LevelMap` and has
``FEATURES``: PyRadiomics' name -> function of that matrix.

Matrices keep only the grey levels that occur.  Where PyRadiomics takes one value per direction, the mean over
directions is returned (IBSI: "3D, averaged").
"""

import numpy as np

EPSILON = float(np.spacing(1))
"""PyRadiomics adds it inside logarithms and to divisors."""
