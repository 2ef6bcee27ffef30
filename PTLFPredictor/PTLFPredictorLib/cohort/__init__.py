"""Many patients, headless: what is fitted on them, and what made the demo signature."""
