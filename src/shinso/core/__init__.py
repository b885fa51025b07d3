"""Recipe, learner, artifact, predictor, and the one loop that trains every system."""
