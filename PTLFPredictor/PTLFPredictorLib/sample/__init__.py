"""Synthetic contrast CTs of the upper abdomen with known truth: for the demo, the demo model and the tests."""

from .cases import SampleCase, make_case

__all__ = ["SampleCase", "make_case"]
