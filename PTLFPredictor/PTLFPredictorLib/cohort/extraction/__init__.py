"""Features of all cases: resumable, each case on its own, on one machine or several."""
