"""Shape."""

FEATURES = {}


def features(mask, spacing_mm, names):
    return {}
