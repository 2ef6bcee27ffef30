"""The whole report, made once."""

import pytest

import made_cohort_report


@pytest.fixture(scope="session")
def document():
    return made_cohort_report.document()
