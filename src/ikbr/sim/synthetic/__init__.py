"""Made-up markets: seeded, in whole numbers, the same bytes on every machine."""

from ikbr.sim.synthetic.big import big_tape
from ikbr.sim.synthetic.book import Halt, SyntheticTicks
from ikbr.sim.synthetic.market import Shape, SyntheticDay, generate_market, shape_of

__all__ = [
    "Halt",
    "Shape",
    "SyntheticDay",
    "SyntheticTicks",
    "big_tape",
    "generate_market",
    "shape_of",
]
