"""Whether this machine has what pkbench needs, and what to do where it has not. Trains and downloads nothing."""
