"""Tree search: UCT with random playouts, and PUCT with an evaluator."""
