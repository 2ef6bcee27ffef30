"""Texture matrices and their features.

PyRadiomics 3.0.1 and the Image Biomarker Standardisation Initiative (IBSI reference manual, arXiv 1612.07003,
section 3.6 to 3.11; its codes stand with each feature).  Each module makes its matrix from a `LevelMap` and has
``FEATURES``: PyRadiomics' name -> function of that matrix.

Matrices keep only the grey levels that occur.  Where PyRadiomics takes one value per direction, the mean over
directions is returned (IBSI: "3D, averaged").

Example
-------
One slice of nine voxels, all in the VOI, in three grey levels:

>>> import numpy as np
>>> from PTLFPredictorLib.measures.radiomics.discretise import GreyLevels
>>> from PTLFPredictorLib.measures.radiomics.region import Voi
>>> from PTLFPredictorLib.measures.radiomics.textures import glcm, glrlm
>>> levels = np.array([[[1, 1, 2],
...                     [1, 2, 2],
...                     [3, 3, 3]]])
>>> voi = Voi(levels > 0).level_map(1)
>>> grey = GreyLevels(levels.ravel(), 3)
>>> flat = voi.fill(grey.levels, grey.highest)
>>> along_rows = [(0, 0, 1)]

Its runs along the rows are 1-1, 2, 1, 2-2 and 3-3-3: five runs of nine voxels.  Two runs have one voxel, two have two,
one has three, so the run lengths' non-uniformity is (2 x 2 + 2 x 2 + 1 x 1) / 5, and long runs weigh
(2 x 1 + 2 x 4 + 1 x 9) / 5:

>>> names = ["RunPercentage", "RunLengthNonUniformity", "LongRunEmphasis"]
>>> [round(value, 3) for value in glrlm.features(flat, voi, grey, along_rows, names).values()]
[0.556, 1.8, 3.8]

Its pairs of neighbours along the rows are 1-1, 1-2, 1-2, 2-2, 3-3 and 3-3: two of six differ, by one level, so the
contrast is 2/6, and counted in both directions the pairs' energy is (2^2 + 2^2 + 2^2 + 2^2 + 4^2) / 12^2:

>>> names = ["Contrast", "JointEnergy"]
>>> [round(value, 3) for value in glcm.features(flat, voi, grey, along_rows, names).values()]
[0.333, 0.222]
"""

import numpy as np

EPSILON = float(np.spacing(1))
"""PyRadiomics adds it inside logarithms and to divisors."""
