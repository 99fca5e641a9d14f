"""What every test shares: Hypothesis draws the same examples on every machine and every run."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Tests of every folder may drive a browser (browsers.py, beside this file).
sys.path.insert(0, str(Path(__file__).parent))

# atheris, which it needs, is installed by `./run fuzz` alone.
collect_ignore = ["fuzz/drive.py"]

# Neither luck nor a busy machine decides whether the tests pass.
settings.register_profile(
    "ikbr", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# For a search by hand: ./run test --hypothesis-profile=explore
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=2000)
settings.load_profile("ikbr")

# The sources are tested unless `./run test --compiled` says otherwise.
os.environ.setdefault("IKBR_COMPILED", "0")

# Compiled kernels of tests are kept from run to run, but not among a person's own.
os.environ.setdefault(
    "IKBR_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "ikbr")
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a campaign ask for more than a quick run does."""
    parser.addoption("--kills", type=int, default=3, help="how often a trading bot is killed")
