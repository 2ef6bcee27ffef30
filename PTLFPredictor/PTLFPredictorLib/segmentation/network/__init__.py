"""Inference with an nnU-Net v2 model: its plans, weights and label rules, and a loop over tiles of our own.

The label map is that of nnU-Net's own predictor.  What is ours: the restricted loader, no threads and processes,
preprocessing and export without full-size volumes of doubles, a box that alone is wanted, long scans, one step back at
a time where memory does not suffice.
"""

from .box import Box
from .network import Drawing, Network

__all__ = ["Box", "Drawing", "Network"]
