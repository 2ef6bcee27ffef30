"""What is measured of a patient: named values with their provenance (see `value`), one package per kind of measure."""
