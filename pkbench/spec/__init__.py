"""Specs: strict models of the TOML files, their loading, checking and scaling."""
