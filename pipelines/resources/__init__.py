"""Budget, memory and interruption."""
