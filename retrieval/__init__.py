"""From a query to hits, within what a person may read."""
