"""A local server that answers like the sources do, for tests and for composing the sample."""
