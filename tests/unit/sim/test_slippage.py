"""What taking costs beyond the price."""

from hypothesis import given
from hypothesis import strategies as st

from ikbr.domain.execution import ExecutionModel
from ikbr.domain.instrument import Instrument
from ikbr.sim.slippage import make_slippage

SPY = Instrument(symbol="SPY")


@given(
    model=st.sampled_from(["ticks", "bps", "volume-share"]),
    value=st.floats(0.001, 50),
    price=st.integers(100, 5_000).map(lambda cents: cents * 100),
    quantity=st.integers(1, 10_000),
    size=st.integers(0, 10_000),
)
def test_slippage_is_adverse_and_stays_on_the_grid(model, value, price, quantity, size):
    slip = make_slippage(ExecutionModel(slippage=model, slippage_value=value))
    bought, sold = slip(SPY, 1, price, quantity, size), slip(SPY, -1, price, quantity, size)
    assert sold < price < bought
    assert sold > 0
    assert (bought - price) % 100 == 0
    assert (price - sold) % 100 == 0 or sold == 100


def test_an_unknown_size_counts_as_taken_whole():
    slip = make_slippage(ExecutionModel(slippage="volume-share", slippage_value=0.01))
    assert slip(SPY, 1, 1_000_000, 10, 0) == slip(SPY, 1, 1_000_000, 10, 10) == 1_010_000
    assert slip(SPY, 1, 1_000_000, 1000, 10) == 1_010_000
    assert slip(SPY, 1, 1_000_000, 5, 10) == 1_002_500


def test_negative_prices_move_against_the_taker_too():
    oil = Instrument(symbol="CL", price_scale=100, multiplier=1000, tick_bands=((0, 1),))
    slip = make_slippage(ExecutionModel(slippage="bps", slippage_value=10))
    assert (slip(oil, 1, -3763, 1, 1), slip(oil, -1, -3763, 1, 1)) == (-3759, -3767)
