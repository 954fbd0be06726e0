"""A coverage-guided fuzzer over everything that reads bytes of strangers."""
