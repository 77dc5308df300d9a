"""A paper's stated settings and numbers against each other: arithmetic, no torch."""
