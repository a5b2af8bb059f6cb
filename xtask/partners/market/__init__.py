"""A market of real processes: the exchange, and partners written in Python and JavaScript."""
