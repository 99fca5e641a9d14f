"""The dashboards: what is shown of a bot, and by which query."""

from __future__ import annotations

from ikbr.ops.metrics.grafana import Dashboard, Panel, Query

GOOD_ABOVE = ((0.0, "red"), (1.0, "green"))
GOOD_BELOW = ((0.0, "green"), (1.0, "red"))
HEADROOM = ((0.0, "red"), (0.1, "orange"), (0.3, "green"))
SHARES = (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999))
YES_NO = (("1", "yes"), ("0", "no"))
MONEY = "short"

BOT = 'instance=~"$bot"'


def _per(rate_of: str, by: str) -> str:
    return f"sum by ({by}) (rate({rate_of}{{{BOT}}}[$__rate_interval]))"


def _quantiles(name: str, more: str = "") -> tuple[Query, ...]:
    rate = f"sum by (le) (rate({name}_bucket{{{BOT}{more}}}[$__rate_interval]))"
    return tuple(Query(f"histogram_quantile({share}, {rate})", label) for label, share in SHARES)


def _stat(title: str, unit: str, expression: str, **more: object) -> Panel:
    return Panel(title, "stat", unit, (Query(expression),), width=4, height=4, **more)  # type: ignore[arg-type]


OVERVIEW = Dashboard("overview", "trading overview", (
    _stat("Trading", "short", f"min(ikbr_ready{{{BOT}}})", steps=GOOD_ABOVE, texts=YES_NO,
        what="Link ready, books aligned, nothing latched."),
    _stat("Link to IB", "short", f"min(ikbr_link_ready{{{BOT}}})", steps=GOOD_ABOVE,
        texts=(("1", "ready"), ("0", "down"))),
    _stat("Equity", MONEY, f"sum(ikbr_equity{{{BOT}}})"),
    _stat("Since the start", MONEY,
        f"sum(ikbr_equity{{{BOT}}}) - sum(ikbr_opening_equity{{{BOT}}})",
        steps=((0.0, "red"), (0.0, "green"))),
    _stat("Today, by IB", MONEY, f"sum(ikbr_daily_pnl{{{BOT}}})",
        steps=((0.0, "red"), (0.0, "green"))),
    _stat("Working orders", "short", f"sum(ikbr_working_orders{{{BOT}}})"),
    Panel("Equity", "timeseries", MONEY, (
        Query(f"ikbr_equity{{{BOT}}}", "{{instance}} equity"),
        Query(f"ikbr_peak_equity{{{BOT}}}", "{{instance}} peak"))),
    Panel("Exposure", "timeseries", MONEY, (
        Query(f"ikbr_exposure_gross{{{BOT}}}", "{{instance}} gross"),
        Query(f"ikbr_exposure_net{{{BOT}}}", "{{instance}} net"))),
    Panel("Profit by strategy, after fees", "timeseries", MONEY, (
        Query(f"ikbr_strategy_realised_pnl{{{BOT}}} + ikbr_strategy_unrealised_pnl{{{BOT}}}"
            f" - ikbr_strategy_fees{{{BOT}}}", "{{instance}} {{strategy}}"),)),
    Panel("Positions", "timeseries", "short", (
        Query(f"ikbr_position_quantity{{{BOT}}}", "{{instance}} {{symbol}}"),)),
    Panel("Fills and signals a minute", "timeseries", "short", (
        Query(f"60 * {_per('ikbr_fills_total', 'strategy')}", "{{strategy}} fills"),
        Query(f"60 * {_per('ikbr_signals_total', 'strategy')}", "{{strategy}} signals"))),
    Panel("Cash", "timeseries", MONEY, (
        Query(f"ikbr_cash{{{BOT}}}", "{{instance}} {{currency}}"),)),
))  # fmt: skip

LATENCY = Dashboard("latency", "latency", (
    Panel("Tick to order, on the wire", "timeseries", "s",
        _quantiles("ikbr_order_stage_seconds", ', stage="written"'),
        "From the bytes of a tick to the bytes of the order that answers it."),
    Panel("Tick to order, all", "heatmap", "s", (
        Query('sum by (le) (increase(ikbr_order_stage_seconds_bucket'
            f'{{{BOT}, stage="written"}}[$__rate_interval]))', "{{le}}"),)),
    Panel("Each stage, p50", "timeseries", "s", (
        Query("histogram_quantile(0.5, sum by (le, stage) ("
            f"rate(ikbr_order_stage_seconds_bucket{{{BOT}}}[$__rate_interval])))", "{{stage}}"),),
        "All counted from the bytes of the tick."),
    Panel("Each stage, p99", "timeseries", "s", (
        Query("histogram_quantile(0.99, sum by (le, stage) ("
            f"rate(ikbr_order_stage_seconds_bucket{{{BOT}}}[$__rate_interval])))", "{{stage}}"),)),
    Panel("Each stage, mean", "timeseries", "s", (
        Query(f"{_per('ikbr_order_stage_seconds_sum', 'stage')}"
            f" / {_per('ikbr_order_stage_seconds_count', 'stage')}", "{{stage}}"),)),
    Panel("Gateway, there and back", "timeseries", "s",
        _quantiles("ikbr_gateway_round_trip_seconds")),
    Panel("Event loop, late by", "timeseries", "s", _quantiles("ikbr_loop_lag_seconds")),
    Panel("Waiting", "timeseries", "short", (
        Query(f"ikbr_queue_depth{{{BOT}}}", "{{instance}} {{queue}}"),)),
))  # fmt: skip

RISK = Dashboard("risk", "risk", (
    Panel("Headroom", "bargauge", "percentunit", (
        Query(f"min by (limit) (ikbr_limit_headroom_ratio{{{BOT}}})", "{{limit}}"),),
        "What is left of each limit, every open order taken as filled.", height=12,
        steps=HEADROOM),
    Panel("Headroom", "timeseries", "percentunit", (
        Query(f"ikbr_limit_headroom_ratio{{{BOT}}}", "{{instance}} {{limit}}"),), height=12),
    Panel("Refusals by rule, a minute", "timeseries", "short", (
        Query(f"60 * {_per('ikbr_refusals_total', 'rule')}", "{{rule}}"),)),
    Panel("Below the peak", "timeseries", "percentunit", (
        Query(f"1 - ikbr_equity{{{BOT}}} / ikbr_peak_equity{{{BOT}}}", "{{instance}}"),
        Query(f'ikbr_limit{{{BOT}, limit="max_drawdown_pct"}}', "{{instance}} limit"))),
    Panel("Exposure over equity", "timeseries", "percentunit", (
        Query(f"ikbr_exposure_gross{{{BOT}}} / ikbr_equity{{{BOT}}}", "{{instance}} gross"),
        Query(f"ikbr_exposure_net{{{BOT}}} / ikbr_equity{{{BOT}}}", "{{instance}} net"))),
    Panel("Used of what a day allows", "timeseries", "percentunit", (
        Query(f'ikbr_limit_used{{{BOT}, limit=~"max_.*_per_day|max_runs"}} / '
            f'ikbr_limit{{{BOT}, limit=~"max_.*_per_day|max_runs"}}', "{{instance}} {{limit}}"),)),
    Panel("Entries wait for", "timeseries", "short", (
        Query(f"ikbr_entries_held{{{BOT}}}", "{{instance}} {{reason}}"),)),
    Panel("Strategies enabled", "timeseries", "short", (
        Query(f"ikbr_strategy_enabled{{{BOT}}}", "{{instance}} {{strategy}}"),)),
))  # fmt: skip

OPERATIONS = Dashboard("operations", "operations", (
    _stat("Scraped", "short", f'min(up{{job="ikbr", {BOT}}})', steps=GOOD_ABOVE, texts=YES_NO),
    _stat("Told us last", "s", f"max(time() - ikbr_snapshot_timestamp_seconds{{{BOT}}})",
        steps=((0.0, "green"), (5.0, "orange"), (15.0, "red")),
        what="More than a second or two: the event loop does not turn."),
    _stat("Journal", "short", f"max(ikbr_journal_failed{{{BOT}}})", steps=GOOD_BELOW,
        texts=(("0", "written"), ("1", "refused"))),
    _stat("Records lost", "short", f"sum(ikbr_journal_lost_records_total{{{BOT}}})",
        steps=GOOD_BELOW),
    _stat("Observers failed", "short", f"sum(ikbr_observer_failures_total{{{BOT}}})",
        steps=GOOD_BELOW),
    _stat("Unread messages", "short", f"sum(ikbr_unread_messages_total{{{BOT}}})",
        steps=GOOD_BELOW),
    Panel("Age of data", "timeseries", "s", (
        Query(f"ikbr_data_age_seconds{{{BOT}}}", "{{instance}} {{symbol}}"),)),
    Panel("Market data a second", "timeseries", "short", (
        Query(_per("ikbr_market_data_events_total", "instance"), "{{instance}}"),)),
    Panel("Alerts a minute", "timeseries", "short", (
        Query(f"60 * {_per('ikbr_alerts_total', 'severity, source')}",
            "{{severity}} {{source}}"),)),
    Panel("Link", "timeseries", "short", (
        Query(f"ikbr_reconnects_total{{{BOT}}}", "{{instance}} reconnects"),
        Query(f"ikbr_connection_attempts_total{{{BOT}}}", "{{instance}} attempts"))),
    Panel("Orders a minute, by state", "timeseries", "short", (
        Query(f"60 * {_per('ikbr_orders_total', 'state')}", "{{state}}"),)),
    Panel("Messages to the gateway a second", "timeseries", "short", (
        Query(_per("ikbr_messages_sent_total", "instance"), "{{instance}} sent"),
        Query(_per("ikbr_messages_given_up_total", "instance"), "{{instance}} given up"))),
    Panel("Journal behind", "timeseries", "s", (
        Query(f"ikbr_journal_lag_seconds{{{BOT}}}", "{{instance}}"),)),
    Panel("Memory", "timeseries", "bytes", (
        Query(f"process_resident_memory_bytes{{{BOT}}}", "{{instance}}"),)),
    Panel("Processor", "timeseries", "percentunit", (
        Query(_per("process_cpu_seconds_total", "instance"), "{{instance}}"),)),
    Panel("Files", "timeseries", "short", (
        Query(f"process_open_fds{{{BOT}}}", "{{instance}} open"),
        Query(f"process_max_fds{{{BOT}}}", "{{instance}} at most"))),
))  # fmt: skip

DASHBOARDS = (OVERVIEW, LATENCY, RISK, OPERATIONS)
