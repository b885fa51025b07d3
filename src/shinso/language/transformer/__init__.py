"""transformer: attention alone, without recurrence."""
