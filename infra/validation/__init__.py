"""Great Expectations: suites, results and their page."""
