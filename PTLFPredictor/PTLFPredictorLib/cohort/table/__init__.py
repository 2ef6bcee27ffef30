"""The cohort's table: read, checked row by row before any work starts, its findings told."""
