"""Classifying differences: from pairs of orders to the reason and the money of each difference."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from ikbr.backtest.compare.align import Pair, pair_orders, same_request
from ikbr.backtest.compare.comparison import Cause, Difference, Shown
from ikbr.backtest.compare.interventions import Interventions
from ikbr.backtest.compare.market import SeenMarket
from ikbr.backtest.compare.money import Valuer
from ikbr.backtest.compare.trace import OrderTrace, Trace
from ikbr.domain.order import Fill

MILLISECOND_NS = 1_000_000


class Finding(NamedTuple):
    """Name the class of a difference and say why."""

    cause: Cause
    words: str


class Classifier:
    """Tell what differs between a session and its replay."""

    def __init__(
        self,
        session: Trace,
        replay: Trace,
        market: SeenMarket,
        valuer: Valuer,
        tolerance_ns: int = MILLISECOND_NS,
        fills_ns: int = MILLISECOND_NS,
    ) -> None:
        """Take the two runs.

        Args:
            session: What the session did.
            replay: What its replay did.
            market: The tape that was replayed.
            valuer: Values fills at the last marks.
            tolerance_ns: Decisions this far apart are of one moment.
            fills_ns: Fills this far apart are.
        """
        self._session = session
        self._replay = replay
        self._market = market
        self._valuer = valuer
        self._tolerance_ns = tolerance_ns
        self._fills_ns = fills_ns
        self._persons = Interventions(session.actions)
        self._holdings = (_Holdings(session), _Holdings(replay))

    def differences(self) -> list[Difference]:
        """List every difference, in the order of time."""
        pairs = pair_orders(self._session.orders, self._replay.orders, self._tolerance_ns)
        found = [self._difference(pair, finding) for pair in pairs for finding in self._judge(pair)]
        return sorted([*found, *self._beside()], key=lambda one: one.ts_ns)

    def _difference(self, pair: Pair, finding: Finding) -> Difference:
        one = pair[0] or pair[1]
        assert one is not None
        mine, theirs = (self._valuer.fills(o.fills) if o is not None else 0 for o in pair)
        return Difference(
            cause=finding.cause,
            ts_ns=one.ts_ns,
            strategy=one.strategy,
            symbol=one.symbol,
            session=None if pair[0] is None else _shown(pair[0]),
            replay=None if pair[1] is None else _shown(pair[1]),
            words=finding.words,
            effect_micro=mine - theirs,
        )

    def _judge(self, pair: Pair) -> list[Finding]:
        mine, theirs = pair
        if mine is None or theirs is None:
            return [self._alone(pair)]
        finding = self._both(mine, theirs)
        return [] if finding is None else [finding]

    # --- orders that both runs have ------------------------------------------------------------

    def _both(self, mine: OrderTrace, theirs: OrderTrace) -> Finding | None:
        if mine.rejected is not theirs.rejected:
            where = "the session" if mine.rejected else "the replay"
            words = (mine if mine.rejected else theirs).message or "no reason was given"
            return Finding("reject", f"rejected in {where} only: {words}")
        late = mine.ts_ns - theirs.ts_ns
        moved = abs(late) > self._tolerance_ns
        asked = same_request(mine.request, theirs.request) and _same_last(mine, theirs)
        filled = _deals(mine.fills) == _deals(theirs.fills)
        slow = self._fill_delay(mine, theirs)
        paid = _fees(mine.fills) == _fees(theirs.fills)
        if not moved and asked and filled and not slow and paid:
            return None
        blind = self._blind(mine) if moved or not asked or not filled else ""
        if blind:
            return Finding("data", blind)
        if moved:
            person = self._persons.moved(mine, theirs)
            return _by(person, "timing", f"decided {_apart(late)}")
        if not asked:
            person = self._persons.before(mine) or self._persons.during(mine)
            words = self._state_words(mine, "another order was asked for")
            return _by(person, "state", words)
        if not filled:
            person = self._persons.during(mine)
            return _by(person, "fill", _fill_words(mine.fills, theirs.fills))
        if not paid:
            return Finding("fee", "other fees on the same fills")
        return Finding("timing", f"filled {_apart(slow)}")

    def _fill_delay(self, mine: OrderTrace, theirs: OrderTrace) -> int:
        """Give by how much fills came later than in the replay; 0 within the tolerance."""
        delays = [a.ts_ns - b.ts_ns for a, b in zip(mine.fills, theirs.fills, strict=False)]
        latest = max(delays, key=abs, default=0)
        return latest if abs(latest) > self._fills_ns else 0

    def _blind(self, mine: OrderTrace) -> str:
        """Say how the data at a decision differed; "" when it did not."""
        missing = self._market.missing(mine.symbol, mine.ts_ns)
        if missing:
            return missing
        seen = [mine.seen, *(fill.decision_mid for fill in mine.fills[:1])]
        for price in seen:
            words = self._market.differs(mine.symbol, mine.ts_ns, price)
            if words:
                return words
        return ""

    # --- orders that only one run has ----------------------------------------------------------

    def _alone(self, pair: Pair) -> Finding:
        one, where, other = (
            (pair[0], "the session", self._replay)
            if pair[0] is not None
            else (pair[1], "the replay", self._session)
        )
        assert one is not None
        refused = self._refused(one, other)
        if refused is not None:
            return refused
        lost = self._link_lost(one.ts_ns)
        if where == "the replay" and lost:
            return Finding("state", f"the session could not: {lost}")
        blind = self._blind(one) if where == "the session" else (
            self._market.missing(one.symbol, one.ts_ns)
        )  # fmt: skip
        if blind:
            return Finding("data", blind)
        words = self._state_words(one, f"only {where} decided it")
        return _by(self._persons.before(one), "state", words)

    def _refused(self, one: OrderTrace, other: Trace) -> Finding | None:
        """Say which rule refused an order in the other run; None when none did."""
        for refusal in other.refusals:
            near = abs(refusal.ts_ns - one.ts_ns) <= self._tolerance_ns
            whose = (refusal.strategy, refusal.request.symbol, refusal.request.side)
            if near and whose == (one.strategy, one.symbol, one.request.side):
                where = "the session" if other is self._session else "the replay"
                rule, why = refusal.refused.rule, refusal.refused.reason
                by_person = other is self._session
                person = self._persons.refused(one, rule) if by_person else ""
                return _by(person, "reject", f"refused in {where} only ({rule}): {why}")
        return None

    def _link_lost(self, ts_ns: int) -> str:
        down = self._session.down
        place = bisect_right(down, ts_ns, key=lambda one: one[0]) - 1
        if place < 0 or down[place][1]:
            return ""
        return f"the link was lost ({down[place][2]})"

    def _state_words(self, one: OrderTrace, words: str) -> str:
        """Add what the strategies held, where that differs."""
        mine, theirs = (h.at(one.strategy, one.symbol, one.ts_ns) for h in self._holdings)
        if mine != theirs:
            return f"{words}; its own fills came to {mine:+d} before, {theirs:+d} in the replay"
        return f"{words}, on the same data and fills: its own state was another"

    # --- what is no order of either run --------------------------------------------------------

    def _beside(self) -> list[Difference]:
        """List fills of earlier orders, and other changes of the books."""
        found = [
            self._booked(fill, sign)
            for trace, sign in ((self._session, 1), (self._replay, -1))
            for fill in trace.strangers
        ]
        for trace, sign in ((self._session, 1), (self._replay, -1)):
            for other in trace.others:
                effect = sign * self._valuer.other(other)
                found.append(_beside(other.ts_ns, "", other.symbol, other.words, effect))
        return found

    def _booked(self, fill: Fill, sign: int) -> Difference:
        effect = sign * self._valuer.fill(fill)
        words = f"order {fill.order_id} was there before the session began"
        return _beside(fill.ts_ns, fill.strategy, fill.symbol, words, effect)


def _by(person: str, cause: Cause, words: str) -> Finding:
    """Name the class of a difference, unless a person is behind it."""
    return Finding("person", f"after {person}: {words}") if person else Finding(cause, words)


def _beside(ts_ns: int, strategy: str, symbol: str, words: str, effect: int) -> Difference:
    return Difference(
        cause="state", ts_ns=ts_ns, strategy=strategy, symbol=symbol, session=None, replay=None,
        words=words, effect_micro=effect,
    )  # fmt: skip


class _Holdings:
    """Follow what the fills of a run come to, by strategy and symbol."""

    def __init__(self, trace: Trace) -> None:
        self._paths: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        fills = sorted((f for o in trace.orders for f in o.fills), key=lambda fill: fill.ts_ns)
        for fill in fills:
            times, held = self._paths.setdefault((fill.strategy, fill.symbol), ([], []))
            times.append(fill.ts_ns)
            held.append((held[-1] if held else 0) + fill.signed_quantity)

    def at(self, strategy: str, symbol: str, ts_ns: int) -> int:
        """Give what was held just before a moment."""
        times, held = self._paths.get((strategy, symbol), ([], []))
        place = bisect_right(times, ts_ns - 1) - 1
        return held[place] if place >= 0 else 0


def _same_last(mine: OrderTrace, theirs: OrderTrace) -> bool:
    if mine.final is None or theirs.final is None:
        return True
    return same_request(mine.final, theirs.final)


def _deals(fills: Sequence[Fill]) -> list[tuple[int, int]]:
    """Give quantities by price, whatever the parts they came in."""
    total: dict[int, int] = {}
    for fill in fills:
        total[fill.price_units] = total.get(fill.price_units, 0) + fill.quantity
    return sorted(total.items())


def _fees(fills: Sequence[Fill]) -> int:
    return sum(fill.commission_micro for fill in fills)


def _average(fills: Sequence[Fill]) -> float:
    quantity = sum(fill.quantity for fill in fills)
    return sum(fill.quantity * fill.price for fill in fills) / quantity if quantity else 0.0


def _fill_words(mine: Sequence[Fill], theirs: Sequence[Fill]) -> str:
    quantities = [sum(fill.quantity for fill in fills) for fills in (mine, theirs)]
    if quantities[0] != quantities[1]:
        return f"filled {quantities[0]}, in the replay {quantities[1]}"
    return f"filled at {_average(mine):.6g}, in the replay at {_average(theirs):.6g}"


def _apart(late_ns: int) -> str:
    when = "later" if late_ns > 0 else "earlier"
    return f"{abs(late_ns) / 1e6:,.3f} ms {when} than in the replay"


def _shown(order: OrderTrace) -> Shown:
    request = order.request
    prices = "".join(
        f" {word} {price:g}"
        for word, price in (("at", request.limit_price), ("stop", request.stop_price))
        if price is not None
    )
    side = "BUY" if request.side > 0 else "SELL"
    what = f"{side} {request.quantity} {request.order_type.value}{prices}"
    outcome = order.state.value
    if order.fills:
        outcome = f"{order.filled} at {_average(order.fills):.6g}"
    return Shown(order.order_id, order.ts_ns, what, outcome)
