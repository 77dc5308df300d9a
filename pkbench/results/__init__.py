"""What can be said and done about results that are there: proof, state, story, comparison, archive, cleaning. Computes nothing."""
