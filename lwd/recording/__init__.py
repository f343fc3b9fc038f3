"""Whole recordings, which nobody listens to live: cut at pauses, heard, or kept as a corpus."""
