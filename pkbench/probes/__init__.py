"""What is measured besides training."""
