"""Expectation suites: those that trainings left, and those that people own."""
