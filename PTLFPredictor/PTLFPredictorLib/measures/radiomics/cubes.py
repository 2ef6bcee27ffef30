"""How PyRadiomics cuts a cube of eight voxels into triangles: its mesh, as data.

Marching cubes (Lorensen and Cline 1987, doi 10.1145/37402.37422) with every vertex in the middle of an edge.  Corners
and edges are numbered as there::

        corner 0 1 2 3 4 5 6 7            edge 0 = corners 0-1, 1 = 1-2, 2 = 2-3, 3 = 3-0,
             z 0 0 0 0 1 1 1 1                 4 = 4-5, 5 = 5-6, 6 = 6-7, 7 = 7-4,
             y 0 0 1 1 0 0 1 1                 8 = 0-4, 9 = 1-5, a = 2-6, b = 3-7
             x 0 1 1 0 0 1 1 0

Which polygons bound a cube follows from one rule: on a face whose two inside corners are diagonal, they are not
joined.  A cube with corner 7 inside is its complement turned inside out.  Along which diagonals a polygon is then cut
is a free choice that the surface and volume depend on; PyRadiomics 3.0.1's was found from the surface and volume it
returns for each single cube at three spacings.  IBSI leaves the choice open.
"""

import numpy as np

CORNERS = np.array([(0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)])
"""(z, y, x) of each corner; bit n of a cube's number is set where corner n is inside."""

EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))

_TABLE = """
- 830 019 983931 12a 83012a 2a9029 a98a83a32 23b 8b2820 01923b 98b9b2921 3ba13a 8ba8a1810 ba93b9039 ba9b98
478 473430 019478 731947971 12a478 47343012a 2a9029478 473a94a43a32 23b478 47b4b2420 01923b478 94797b9b2921
3ba13a478 ba147b4b1410 ba93b9039478 ba97b9479 954 830954 154014 548583531 12a954 83012a954 a542a4024
a54a48a83a32 23b954 8b2820954 15401423b 8b2548582521 3ba13a954 8ba8a1810954 3baa543a4034 8ba8a5854 789579
573953930 157178018 573531 12a789579 57395393012a 578a582a8028 573a53a32 23b789579 95797b9b2920 15717801823b
7b2721571 3ba13a789579 a10ba07b0570950 03b0ba0a5057078 7ba57a a65 830a65 019a65 983931a65 265125 830265125
026659069 983659693632 23ba65 8b2820a65 01923ba65 98b9b2921a65 b653b5135 6518b6861810 659b693b9039 98b9b6965
478a65 473430a65 019478a65 731947971a65 265125478 473430265125 026659069478 947973932659692 23b478a65
47b4b2420a65 01923b478a65 94797b9b2921a65 b653b5135478 b65b51b1047b4b0 659b693b9039478 659b697b9479 9a6964
8309a6964 1a6016064 a64a48a83a31 264249129 830264249129 264024 483432642 23b9a6964 8b28209a6964 1a601606423b
b218b1481641a61 649b693b9139 491641b618b1810 3b6036064 8b6864 89a78a67a 6739a6963930 678a681a8018 731a67a71
267789279129 912926967973930 026678068 673632 23b89a78a67a 7b2720a679a7970 678a681a801823b 7b2721a67a71
3b6136678689169 91067b 3b6036678068 67b
"""

TRIANGLES = tuple(
    np.array([int(edge, 16) for edge in word], dtype=int).reshape(-1, 3) if word != "-" else np.empty((0, 3), dtype=int)
    for word in _TABLE.split()
)
"""Triangles of cubes 0 to 127 as edge numbers, shape (n, 3) each."""


def triangles(spacing_mm: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each of the 256 cubes adds to surface and volume.

    Parameters
    ----------
    spacing_mm : (float, float, float)
        (z, y, x).

    Returns
    -------
    area : ndarray, shape (256,)
        Surface in mm2.
    determinant : ndarray, shape (256,)
        Six times the signed volume between the triangles and the cube's corner 0, in mm3.
    normal : ndarray, shape (256, 3)
        What six times the volume grows by per mm that corner 0 lies away from the origin, in mm2.
    """
    middles = np.array([(CORNERS[a] + CORNERS[b]) / 2 for a, b in EDGES]) * spacing_mm
    area, determinant, normal = np.zeros(256), np.zeros(256), np.zeros((256, 3))
    for cube, edges in enumerate(TRIANGLES):
        a, b, c = (middles[edges[:, corner]] for corner in range(3))
        area[cube] = area[255 - cube] = np.linalg.norm(np.cross(a - c, b - c), axis=1).sum() / 2
        determinant[cube] = np.einsum("ij,ij->", np.cross(a, b), c)
        normal[cube] = (np.cross(a, b) + np.cross(b, c) + np.cross(c, a)).sum(axis=0)
    determinant[255:127:-1] = -determinant[:128]
    normal[255:127:-1] = -normal[:128]
    return area, determinant, normal
