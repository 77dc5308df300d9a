"""What every kind of model costs, from its shape alone: arithmetic, no torch."""
