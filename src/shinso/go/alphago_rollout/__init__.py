"""AlphaGo's rollout policy: a linear softmax over local patterns, microseconds a move."""
