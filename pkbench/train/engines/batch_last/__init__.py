"""Mixers in PyTorch with the images of a batch innermost, several runs at once: on any device, in every precision.

Features are ``(K, rows, B)``: K runs, entry (s, c) of X as row ``s * C + c``, B images. A permutation of features then copies
whole rows, and products of all runs are one batched product.
"""
