"""The page without code: data, train, models, predict, deploy and watch in a browser."""
