"""Matches between players of Go: ours, or any program that speaks GTP."""
