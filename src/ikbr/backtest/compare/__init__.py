"""Comparing two runs of the same strategies: a session and its replay."""
