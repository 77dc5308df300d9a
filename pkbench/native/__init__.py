"""Mixers and sparse products on a CPU in C: compiled once where a compiler is, never needed."""
