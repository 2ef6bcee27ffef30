"""What a trained model is worth: the paper's Table 1 of folds and test, and a report page.

`measure` each case with the network that has not seen it, keep the rows (JSON), `write` the report.
"""

from ...segmentation.agreement import CaseMeasures, measure
from . import paper
from .network_picture import network
from .network_shape import NetworkShape, shape_of
from .report import write
from .table1 import TEST, as_json

__all__ = ["TEST", "CaseMeasures", "NetworkShape", "as_json", "measure", "network", "paper", "shape_of", "write"]
