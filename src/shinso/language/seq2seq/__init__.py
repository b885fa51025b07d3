"""seq2seq: one recurrent net reads a sentence into a state, another writes from it."""
