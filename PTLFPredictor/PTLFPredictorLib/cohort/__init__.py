"""Many patients, headless: features at scale, a signature calibrated, developed and validated on them.

The way of the data: `table` -> `extraction` -> `data` (what both give, and who is left out) -> `calibrate`, `develop`,
`validate`, each of `statistics` and `selection` -> `report`, a signature file, and the lock file that makes it again.
"""
