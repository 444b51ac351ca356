"""The contenders: each is a process of its own, takes its task on standard input, and prints its result as JSON."""
