"""What people and programs touch: the command line, HTTP, and the processes behind them."""

import os

# To be said before numpy and torch are loaded: their threads wait for each other by spinning, which stalls
# a question by half a second when other work has the cores, an ingestion for one
# (docs/experiments/speed.md).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
