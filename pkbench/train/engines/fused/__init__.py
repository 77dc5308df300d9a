"""Mixers on a CUDA GPU in the layout of :mod:`pkbench.train.engines.batch_last`: what lies between products, in few passes.

Products are cuBLAS's. Norms, biases, activations, skip paths and all moves of rows are in kernels written with Triton, each of
which reads and writes features once: a permutation is where a kernel writes, and costs no pass of its own.
"""
