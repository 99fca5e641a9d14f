"""What people write after options."""

import pytest

from ikbr.cli.options import pairs, rates
from ikbr.domain.errors import UsageError


@pytest.mark.parametrize("text", ["lookback", "=3", "lookback=", "a=1,b", ""])
def test_what_is_no_pair_is_refused_with_an_example(text: str) -> None:
    if text == "a=1,b":  # the comma belongs to the value
        assert pairs([text], "--param", "lookback=20") == {"a": "1,b"}
        return
    with pytest.raises(UsageError, match="NAME=VALUE, as lookback=20"):
        pairs([text], "--param", "lookback=20")


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="--param a is given twice"):
        pairs(["a=1", "b=2,a=3"], "--param", "lookback=20")


def test_a_value_may_hold_an_equals_sign() -> None:
    assert pairs(["note=a=b"], "--param", "x=1") == {"note": "a=b"}


def test_a_rate_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="--fx EUR=much"):
        rates(["EUR=much"])
