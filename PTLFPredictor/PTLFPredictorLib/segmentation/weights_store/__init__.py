"""Open weights: what others have published, fetched once its licence was agreed to, or brought in without internet.

`offers`: what there is, and what has to be read before.  `fetch` downloads, `bring` takes what lies on this computer;
both put the model among the user's, whole or not at all.  `worker` does either in a child process.

>>> for one in offers():
...     print(one.text)
>>> fetch(one.model_id, agreed=one.agreement)
"""

from .offer import Download, Offer, available, offer, offers
from .store import (
    WORKER,
    bring,
    bytes_come,
    drop_partial,
    fetch,
    fetch_job,
    import_job,
    is_with_totalsegmentator,
    model_fetched,
    source_of,
)
from .totalsegmentator import weights_folder

__all__ = [
    "WORKER",
    "Download",
    "Offer",
    "available",
    "bring",
    "bytes_come",
    "drop_partial",
    "fetch",
    "fetch_job",
    "import_job",
    "is_with_totalsegmentator",
    "model_fetched",
    "offer",
    "offers",
    "source_of",
    "weights_folder",
]
