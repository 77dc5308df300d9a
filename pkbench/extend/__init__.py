"""What packages outside of this one can add: models, data sets, kinds of claims, executors; docs/extending.md shows how."""
