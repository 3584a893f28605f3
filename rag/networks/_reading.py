"""Models of the transformers library are read one at a time.

It patches torch while it reads: two readings at once leave a model broken.
"""

from threading import Lock

READING = Lock()
