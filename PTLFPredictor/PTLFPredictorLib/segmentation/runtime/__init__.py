"""OpenVINO as another runtime of a model's networks, on the CPU: converted once, compared with torch, kept.

`conversion` makes an entry of `converted`, with a `comparison`; `network` draws with it, in NumPy and OpenVINO alone;
`choice` decides what computes, and says why.
"""

from .models import forget_model, prepare_model

__all__ = ["forget_model", "prepare_model"]
