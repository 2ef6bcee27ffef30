"""Outputs of a result record: layout only, what they say stands in `record.statements`."""
