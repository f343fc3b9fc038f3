"""The examples of the documentation, run as a reader would: blocks finds them, reader runs them.

`tests/e2e/test_examples.py` runs those that need nothing but lwd, `python -m examples` the others.
"""
