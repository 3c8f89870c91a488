"""Who proposes the next trials: the strategies behind ``--search``."""
