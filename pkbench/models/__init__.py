"""Mixers and their building blocks."""
