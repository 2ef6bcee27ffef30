"""Many patients with a signature: one line each, their reports beside, all by `case.run`."""

from .line import Line
from .run import predict

__all__ = ["Line", "predict"]
