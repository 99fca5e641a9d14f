"""State that outlives the process: what an account, its orders and its executions are.

`records.py` is what is written, `file.py` where, `keeper.py` when, `restore.py` how a world takes
it up.
"""
