"""Ways to compute a training step: the same mathematics, chosen for speed."""
