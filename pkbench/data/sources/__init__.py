"""One module a kind of source, each with ``read``; :mod:`pkbench.data.sources.table` decides which."""
