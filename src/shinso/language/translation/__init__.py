"""Translation: from the encoder-decoder to the Transformer, on one learner."""
