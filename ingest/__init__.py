"""From a file to searchable passages."""
