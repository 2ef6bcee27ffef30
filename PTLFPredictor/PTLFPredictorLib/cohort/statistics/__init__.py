"""What statistics has names for: arrays in, fitted objects or frozen values out; no files, no patients."""
