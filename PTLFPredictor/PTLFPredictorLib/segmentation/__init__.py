"""Where the liver and its tumours are: segments from files, or drawn by nnU-Net in a child process."""

from .agreement import Agreement, agreement
from .catalogue import Model, add, catalogue, default_model, find_model, from_folder, remove, verify
from .run import SegmentationResult, Segmenter, segment

__all__ = [
    "Agreement",
    "Model",
    "SegmentationResult",
    "Segmenter",
    "add",
    "agreement",
    "catalogue",
    "default_model",
    "find_model",
    "from_folder",
    "remove",
    "segment",
    "verify",
]
