"""The collector: makes Prometheus metrics of the latest vitals."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from ikbr.domain.histogram import upper_edge
from ikbr.domain.vitals import Durations, Vitals
from ikbr.ops.metrics.families import COUNTER, FAMILIES, TIMINGS

BOUNDS_S = tuple(
    float(f"{digits}e{power}") for power in range(-6, 2) for digits in (1, 2.5, 5)
)[2:-2]  # fmt: skip
"""Upper bounds of the exported histograms: 5 µs, 10, 25, 50 … 10 s."""

_BOUNDS_NS = tuple(round(bound * 1e9) for bound in BOUNDS_S)


class VitalsCollector(Collector):
    """Give all metrics of what a session said last.

    Attributes:
        vitals: What that was; None before the first.
    """

    def __init__(self) -> None:
        """Start without vitals."""
        self.vitals: Vitals | None = None

    def describe(self) -> list[GaugeMetricFamily]:
        """Say nothing in advance."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily | HistogramMetricFamily]:
        """Give every family of the tables."""
        vitals = self.vitals
        if vitals is None:
            return
        for one in FAMILIES:
            kind = CounterMetricFamily if one.kind == COUNTER else GaugeMetricFamily
            family = kind(one.name, one.what, labels=one.labels)
            for labels, value in one.read(vitals):
                family.add_metric(labels, value)
            yield family
        for timing in TIMINGS:
            histogram = HistogramMetricFamily(timing.name, timing.what, labels=timing.labels)
            for labels, durations in timing.read(vitals).items():
                histogram.add_metric(labels, cumulative(durations), durations.total / 1e9)
            yield histogram


def registry_of(collector: VitalsCollector) -> CollectorRegistry:
    """Make a registry of the session's metrics, and of its process as the system sees it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    ProcessCollector(
        pid=lambda: collector.vitals.pid if collector.vitals is not None else "self",
        registry=registry,
    )
    return registry


def cumulative(durations: Durations) -> list[tuple[str, float]]:
    """Count what is at most as long as each of the bounds, and all.

    >>> counted = cumulative(Durations(count=3, buckets={5: 1, 7: 2}))
    >>> counted[0], counted[-1], len(counted)
    (('5e-06', 3), ('+Inf', 3), 21)
    """
    counts = [0] * (len(_BOUNDS_NS) + 1)
    for bucket, count in durations.buckets.items():
        counts[bisect_left(_BOUNDS_NS, upper_edge(bucket))] += count
    told: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip(BOUNDS_S, counts, strict=False):
        total += count
        told.append((str(bound), total))
    return [*told, ("+Inf", durations.count)]
