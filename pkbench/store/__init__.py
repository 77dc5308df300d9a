"""Records of runs on disk, and their mirror in MLflow."""
