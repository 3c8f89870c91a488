"""Forecasts beside what has come since: to watch a champion, and to compare it with another."""
