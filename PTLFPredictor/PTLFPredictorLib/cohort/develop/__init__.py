"""A signature of one's own, developed the way the source paper did, each step named."""
