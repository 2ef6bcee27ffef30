"""A signature of one's own, developed the way the source paper did, each step named."""

from .plan import DevelopmentPlan
from .run import COMMAND, run

__all__ = ["COMMAND", "DevelopmentPlan", "run"]
