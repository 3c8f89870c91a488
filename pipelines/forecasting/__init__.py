"""Forecasting: many series as one panel, families of forecasters, and what scores them."""
