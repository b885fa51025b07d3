"""A page in the browser over functions of Python: what every `shinso serve` stands on."""
