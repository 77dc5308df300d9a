"""Structured matrices that can stand where a Mixer has its Kronecker matrices: descriptions, no torch."""
