"""What policies of Go share: examples out of records, scores, answers, and a player."""
