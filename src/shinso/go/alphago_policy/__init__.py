"""AlphaGo's policy network: which move a strong player would make."""
