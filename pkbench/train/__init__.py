"""The training engine: yields numbers, knows no files."""
