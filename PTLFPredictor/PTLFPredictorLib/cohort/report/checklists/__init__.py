"""TRIPOD+AI and METRICS: filled where the data answer, left open, with a reason, where only people can.

`Study` is what a command knows of its study; `tripod.table` and `metrics.table` make blocks of a report of it;
`published` writes the same for the shipped signature as documents.
"""

from . import metrics, tripod
from .answers import Answer, MetricState, TripodState
from .study import Place, Study

__all__ = ["Answer", "MetricState", "Place", "Study", "TripodState", "metrics", "tripod"]
