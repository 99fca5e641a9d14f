"""Faults on demand: what goes wrong between a client and the gateway, by plan or by word.

`kinds.py` is the list, `fault.py` one fault, `plan.py` a file of them, `injector.py` when they act,
`on_*.py` what they do. Time is the market's and chance comes from a seed, so that the same plan on
the same tape is the same run, with sockets or without.
"""
