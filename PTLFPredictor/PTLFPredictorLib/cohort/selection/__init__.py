"""From thousands of features to a Radscore: the steps, each of which learns from training cases alone."""
