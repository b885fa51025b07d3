"""Levers work on any system through recipe, learner, artifact and predictor, and name none."""
