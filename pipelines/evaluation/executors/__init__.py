"""Executors, which run trials: in this process, in worker processes or on Dask workers."""
