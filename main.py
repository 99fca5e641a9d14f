"""Start ikbr in a mode: `python main.py --mode backtest --strategy momentum --symbols SPY`.

A door to the `ikbr` command; whatever follows the mode goes to it unchanged.
"""

import argparse
import sys

from run_backtest import enter

MODES = ("backtest", "paper", "live")


def main():
    """Read the mode and enter the command that belongs to it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--mode", default="backtest")
    options, rest = parser.parse_known_args()
    if options.mode in MODES:
        enter([options.mode, *rest])
    reason = f"--mode {options.mode!r} is unknown; choose from: {', '.join(MODES)}."
    print(f"main.py: {reason}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
