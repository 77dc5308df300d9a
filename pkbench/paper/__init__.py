"""What is read off the paper itself."""
