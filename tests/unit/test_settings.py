from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from ikbr.domain.errors import ConfigError
from ikbr.domain.limits import PROFILES
from ikbr.settings import load_settings

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Neither the repository's files nor the real environment take part."""
    monkeypatch.chdir(tmp_path)


def load(profile="backtest", overrides=(), config=None, env=None):
    return load_settings(profile, overrides, config, env or {})


def write(text: str, name="settings.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("profile", PROFILES)
def test_without_any_file_the_profiles_of_the_domain_hold(profile) -> None:
    settings = load(profile)
    assert settings.profile == profile
    assert settings.risk == PROFILES[profile]


@pytest.mark.parametrize("profile", PROFILES)
def test_the_file_of_the_repository_says_what_is_built_in(profile) -> None:
    shipped = load(profile, config=REPOSITORY / "config/settings.toml")
    assert shipped == load(profile)


def test_each_layer_overrides_the_weaker_ones_key_by_key() -> None:
    name = "risk.max_order_quantity"
    config = write(
        "[risk]\nmax_order_quantity = 1\nmax_orders_per_day = 7\nstale_after_s = 5\n"
        "[profile.paper.risk]\nmax_order_quantity = 2\nmax_orders_per_day = 8\n"
        "[profile.live.risk]\nmax_order_quantity = 99\n"
    )

    def quantity(**more) -> int:
        return load("paper", config=config, **more).risk.max_order_quantity

    assert load(config=config).risk.max_order_quantity == 1
    assert quantity() == 2
    env = {"IKBR_RISK__MAX_ORDER_QUANTITY": "3", "IKBR_PYTHON": "python3", "HOME": "/"}
    assert quantity(env=env) == 3
    write("IKBR_RISK__MAX_ORDER_QUANTITY=4\nTWS_USERID=x\n", ".env")
    assert quantity(env=env) == 4
    assert quantity(env=env, overrides=[f"{name}=5"]) == 5
    assert quantity(env=env, overrides={name: "6"}) == 6
    risk = load("paper", config=config, env=env).risk
    assert (risk.max_orders_per_day, risk.stale_after_s) == (8, 5.0)
    assert risk.collar_pct == PROFILES["paper"].collar_pct


def test_config_settings_toml_is_read_where_it_stands() -> None:
    write("[sim]\nlatency_ms = 5\n", "config/settings.toml")
    assert load().sim.latency_ms == 5.0


def test_the_process_environment_is_the_default(monkeypatch) -> None:
    monkeypatch.setenv("IKBR_SIM__FEES", "none")
    assert load_settings().sim.fees == "none"


def test_the_names_of_the_guide_are_read_from_environment_and_dotenv() -> None:
    env = {"IB_GATEWAY_PORT": "4102", "IB_GATEWAY_PORT_LIVE": "4101", "TRADING_MODE": "paper"}
    broker = load(env=env).broker
    assert (broker.port_paper, broker.port_live, broker.port) == (4102, 4101, 4102)
    assert load(env={**env, "TRADING_MODE": "live"}).broker.port == 4101
    assert load(env={**env, "TRADING_MODE": "both"}).broker.port == 4102
    write("IB_GATEWAY_PORT=5102\nEMPTY\n", ".env")
    assert load(env=env).broker.port == 5102


@pytest.mark.parametrize(
    ("override", "section", "key", "expected"),
    [
        ("sim.fees_as_of=2025-01-02", "sim", "fees_as_of", dt.date(2025, 1, 2)),
        ("sim.fees_as_of=none", "sim", "fees_as_of", None),
        ("sim.shortable=A, B", "sim", "shortable", ("A", "B")),
        ("sim.shortable=none", "sim", "shortable", None),
        ('risk.restricted=["A", "B"]', "risk", "restricted", ("A", "B")),
        ("risk.restricted=", "risk", "restricted", ()),
        ("sim.pattern_day_rule=no", "sim", "pattern_day_rule", False),
        (" risk.collar_pct = 1e-3 ", "risk", "collar_pct", 0.001),
        ("data.dir=/srv/a=b", "data", "dir", Path("/srv/a=b")),
    ],
)
def test_text_becomes_the_type_of_the_field(override, section, key, expected) -> None:
    assert getattr(getattr(load(overrides=[override]), section), key.strip()) == expected


def test_lists_in_a_file_are_lists() -> None:
    config = write('[risk]\nrestricted = ["GME"]\n[sim]\nshortable = ["A"]\n')
    settings = load(config=config)
    assert (settings.risk.restricted, settings.sim.shortable) == (("GME",), ("A",))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("risk.max_positon_pct=1", r"risk.max_positon_pct \(from --set\).*'max_position_pct'\?"),
        ("rsk.max_position_pct=1", r"setting 'rsk' \(from --set\) is unknown; did you mean 'risk'"),
        ("risk.collar_pct=abc", r"risk.collar_pct = 'abc' \(from --set\): a number was expected\."),
        ("risk.collar_pct=inf", "a finite number was expected"),
        ("risk.collar_pct=-1", r"risk.collar_pct = -1.0: it must be 0 \(off\) or more"),
        ("risk.max_drawdown_pct=5", "it is a fraction of at most 1"),
        ("risk.max_order_quantity=1.5", "a whole number was expected"),
        ("risk.refuse_stale=perhaps", "true or false was expected"),
        ("sim.fees_as_of=soon", "a date as YYYY-MM-DD was expected"),
        ("sim.fill=nxt", r"sim.fill = 'nxt' \(from --set\): did you mean 'next'\?"),
        ("broker.port_live=70000", "less than or equal to 65535"),
        ("risk", "write it as section.key=value"),
        ("risk.collar_pct", "write it as section.key=value"),
        ("collar_pct=1", "write it as section.key=value"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_the_remedy(override, message) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        load(overrides=[override])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[risk]\ncollar = = 1\n", r"settings.toml is not valid TOML: .*line 2"),
        ("[rsk]\n", r"setting 'rsk' \(from settings.toml\)"),
        ("[profile.live.risk]\ncollar = 1\n", r"risk.collar \(from settings.toml, \[profile.live"),
        ("[profile.life.risk]\n", "profile 'life' is unknown; did you mean 'live'"),
        ("profile = 1\n", "profile must be sections"),
        ("[profile]\nlive = 1\n", r"profile.live = 1: it must be a section"),
        ("risk = 1\n", r"risk = 1: it must be a section with keys, as \[risk\]"),
        ("[risk]\nrestricted = 5\n", "a list was expected"),
        ("[broker]\nhost = 5\n", r"broker.host = 5 \(from settings.toml\): a text was expected"),
        ("[data]\ndir = 5\n", "a path was expected"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(text, message) -> None:
    with pytest.raises(ConfigError, match=message):
        load(config=write(text))


def test_files_that_cannot_be_read_are_named() -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml cannot be read: No such file"):
        load(config=Path("absent.toml"))
    Path("latin.toml").write_bytes(b'[data]\ndir = "\xe9"\n')
    with pytest.raises(ConfigError, match=r"latin\.toml is not UTF-8 text"):
        load(config=Path("latin.toml"))
    Path(".env").write_bytes(b"A=\xff\n")
    with pytest.raises(ConfigError, match=r"\.env cannot be read"):
        load()


def test_an_unknown_profile_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="profile 'papr' is unknown; did you mean 'paper'"):
        load("papr")


def test_secrets_are_shown_nowhere() -> None:
    settings = load(env={"TWS_USERID": "jane", "TWS_PASSWORD": "hunter2"})
    assert settings.broker.password.get_secret_value() == "hunter2"
    shown = f"{settings!r} {settings.public()}"
    assert "hunter2" not in shown
    assert "jane" not in shown
    with pytest.raises(ConfigError, match=r"broker.password = \(hidden\)") as caught:
        load(config=write("[broker]\npassword = 424242\n"))
    assert "424242" not in str(caught.value)


def test_public_settings_are_plain_values() -> None:
    public = load(overrides=["sim.fees_as_of=2025-01-02"]).public()
    assert public["sim"]["fees_as_of"] == "2025-01-02"
    assert public["risk"]["max_position_pct"] == 0.3
    assert public["data"] == {"dir": "catalog"}
    assert set(public["broker"]) == {
        "host", "port_paper", "port_live", "client_id", "trading_mode", "clock", "market_data",
    }  # fmt: skip
