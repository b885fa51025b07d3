"""Go: its rules, records and protocol, the search, and the systems that play it."""
