"""Image classifiers: one learner, one predictor, one protocol; a folder for each network."""
