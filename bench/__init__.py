"""Side-by-side benchmarks: Syncline beside the script one would write by hand, and beside a pipeline tool."""
