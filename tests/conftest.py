"""What every test shares: Hypothesis draws the same examples on every machine and every run."""

from hypothesis import HealthCheck, settings

# Neither luck nor a busy machine decides whether the tests pass.
settings.register_profile(
    "ikbr", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# For a search by hand: ./run test --hypothesis-profile=explore
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=2000)
settings.load_profile("ikbr")
