"""pkbench: reproduce *Understanding MLP-Mixer as a Wide and Sparse MLP* (ICML 2024, arXiv 2306.01470)."""

__version__ = "0.1.0"
