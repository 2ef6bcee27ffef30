"""Report of a cohort: tables, figures, checklists; layout only."""
