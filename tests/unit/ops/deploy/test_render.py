"""What is rendered for a host: valid by the schemas and linters of its makers, and closed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from ikbr.cli.main import execute
from ikbr.domain.errors import ConfigError
from ikbr.ops.compose_file import read_compose
from ikbr.ops.deploy.checks import check_folder
from ikbr.ops.deploy.render import TARGETS, Host, render

ROOT = Path(__file__).parents[4]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def run(*words: str | Path) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_folder_deploy_is_what_is_rendered() -> None:
    for name, text in render(Host()).items():
        assert (DEPLOY / name).read_text(encoding="utf-8") == text, (
            f"ikbr deploy render deploy ({name})"
        )


def test_the_compose_files_fit_the_schema_of_compose() -> None:
    files = sorted(DEPLOY.glob("compose*.yaml"))
    assert len(files) == 2
    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *files)


def test_the_dockerfiles_pass_their_linter() -> None:
    run(BIN / "hadolint", DEPLOY / "Dockerfile", DEPLOY / "gateway.Dockerfile")


@pytest.mark.slow
def test_the_aws_template_passes_its_linter(tmp_path: Path) -> None:
    for mode in ("paper", "live"):
        text = render(Host(mode=mode), ("aws",))["aws/cloudformation.yaml"]
        (tmp_path / f"{mode}.yaml").write_text(text)
    run(BIN / "cfn-lint", *sorted(tmp_path.glob("*.yaml")))


class _Cloud(yaml.SafeLoader):
    """Reads the short forms of AWS (!Ref and the like) as plain values."""


_Cloud.add_multi_constructor(
    "!",
    lambda loader, _tag, node: loader.construct_object(  # type: ignore[no-untyped-call]
        yaml.ScalarNode("tag:yaml.org,2002:str", str(node.value))
    ),
)


def test_the_aws_machine_has_no_open_door_and_keeps_no_secret() -> None:
    text = (DEPLOY / "aws" / "cloudformation.yaml").read_text()
    template: dict[str, Any] = yaml.load(text, _Cloud)
    resources = template["Resources"]
    assert resources["Wall"]["Properties"]["SecurityGroupIngress"] == []
    assert "AWS::EC2::SecurityGroupIngress" not in {one["Type"] for one in resources.values()}
    machine = resources["Machine"]["Properties"]
    assert "KeyName" not in machine
    [disk] = machine["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    assert not [name for name in template["Parameters"] if "password" in name.lower()]
    assert "us-east-1" in str(template["Rules"])


def test_the_aws_machine_sets_itself_up_with_bash_that_can_be_read() -> None:
    text = (DEPLOY / "aws" / "cloudformation.yaml").read_text()
    script = textwrap.dedent(text.partition("Fn::Base64: !Sub |\n")[2].partition("\nOutputs:")[0])
    assert script.startswith("#!/bin/bash\n")
    # As AWS fills it in: ${!name} is what bash gets as ${name}.
    filled = re.sub(r"\$\{([A-Za-z:]+)\}", "x", script).replace("${!", "${")
    own = filled.partition("<<'SCRIPT'\n")[2].partition("\nSCRIPT\n")[0]
    for one in (filled, own):
        done = subprocess.run(
            ["bash", "-n"], input=one, text=True, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert "${one%:*}" in own


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_unit_of_systemd_is_understood(tmp_path: Path) -> None:
    program = tmp_path / "current" / "venv" / "bin" / "ikbr"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "ikbr.service"
    unit.write_text(render(Host(root=str(tmp_path)), ("systemd",))["systemd/ikbr.service"])
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=30, check=False
    )
    assert "ikbr.service" not in done.stderr, done.stderr


def test_the_gateway_is_set_up_as_the_guide_and_the_image_want_it() -> None:
    gateway = read_compose(DEPLOY / "compose.yaml", {})["services"]["ib-gateway"]
    assert gateway["image"] == "ghcr.io/gnzsnz/ib-gateway:stable"
    wanted = {
        "TRADING_MODE": "paper",
        "TWOFA_TIMEOUT_ACTION": "restart",
        "AUTO_RESTART_TIME": "11:59 PM",
        "RELOGIN_AFTER_TWOFA_TIMEOUT": "yes",
        "READ_ONLY_API": "no",
        "TIME_ZONE": "America/New_York",
        "MASTER_API_PORT": 4000,
    }
    assert wanted.items() <= gateway["environment"].items()
    assert not {"TWS_PASSWORD", "VNC_SERVER_PASSWORD", "CUSTOM_CONFIG"} & set(
        gateway["environment"]
    )
    assert {str(port).rsplit(":", 1)[0] for port in gateway["ports"]} == {
        "127.0.0.1:4001", "127.0.0.1:4002", "127.0.0.1:5901",
    }  # fmt: skip


def test_whom_to_alert_is_a_secret_file_and_no_variable() -> None:
    content = read_compose(DEPLOY / "compose.yaml", {})
    bot = content["services"]["bot"]
    assert bot["secrets"] == ["alerts"]
    assert content["secrets"]["alerts"] == {"file": "./secrets/alerts"}
    assert bot["environment"]["IKBR_ALERTS__SECRETS_FILE"] == "/run/secrets/alerts"
    names = {name for one in content["services"].values() for name in one.get("environment", ())}
    assert not [name for name in names if name.startswith("IKBR_ALERT_")]


def test_metrics_are_served_to_this_machine_wherever_a_bot_is_deployed() -> None:
    unit = (DEPLOY / "systemd" / "ikbr.service").read_text().splitlines()
    assert "Environment=IKBR_METRICS__PORT=9464" in unit
    profiles = "COMPOSE_PROFILES=gateway,metrics"
    assert profiles in (DEPLOY / ".env.example").read_text().splitlines()
    cloud = (DEPLOY / "aws" / "cloudformation.yaml").read_text()
    assert profiles in [line.strip() for line in cloud.splitlines()]


def test_the_aws_machine_fetches_every_secret_of_compose_for_the_user_who_reads_it() -> None:
    cloud = (DEPLOY / "aws" / "cloudformation.yaml").read_text()
    [fetched] = re.findall(r"for one in (.+); do", cloud)
    owners = dict(one.split(":") for one in fetched.split())
    content = read_compose(DEPLOY / "compose.yaml", {})
    readers = {
        secret: str(service.get("user", "1000")).split(":")[0]
        for service in content["services"].values()
        for secret in service.get("secrets", ())
    }
    assert owners == readers
    assert set(owners) == set(content["secrets"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "both"),
        ("arguments", "--symbols SPY; rm -rf /"),
        ("arguments", "--symbols SPY\nExecStartPre=/bin/sh"),
        ("arguments", "$(id)"),
        ("root", "opt/ikbr"),
        ("user", "Root User"),
    ],
)
def test_values_that_would_mean_something_else_are_refused_by_name(field: str, value: str) -> None:
    with pytest.raises(ConfigError, match=field):
        render(Host(**{field: value}))


def test_a_target_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="choose from: compose, systemd, aws"):
        render(Host(), ("kubernetes",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert execute(["deploy", "render", str(tmp_path), "--target", "compose"]) == 0
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in read_compose(tmp_path / "compose.yaml", {})["secrets"]:
        (secrets / name).write_text("x")
        (secrets / name).chmod(0o600)
    return tmp_path


def test_a_rendered_folder_with_its_secrets_is_well(folder: Path) -> None:
    written = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert set(TARGETS["compose"]) == {
        name for name in written if not name.startswith(("secrets/", "grafana/dashboards/"))
    }
    assert len(list(folder.glob("grafana/dashboards/*.json"))) == 4
    assert check_folder(folder) == []
    assert execute(["deploy", "check", str(folder)]) == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "127.0.0.1:${IB_GATEWAY_PORT:-4002}",
            "${IB_GATEWAY_PORT:-4002}",
            "published to everybody",
        ),
        ('user: "10001:10001"', 'user: "0:0"', "runs as root"),
        ("read_only: true", "read_only: false", "read_only must be True"),
        ("cap_drop: [ALL]", "cap_drop: [NET_RAW]", "cap_drop must be"),
        ("127.0.0.1:${GRAFANA_PORT:-3000}", "${GRAFANA_PORT:-3000}", "published to everybody"),
        ('user: "1000:0"', 'user: "0"', "grafana runs as root"),
        ('user: "65534:65534"', 'user: "root"', "prometheus runs as root"),
    ],
)
def test_what_opens_a_deployment_is_found(folder: Path, old: str, new: str, words: str) -> None:
    compose = folder / "compose.yaml"
    text = compose.read_text()
    assert old in text
    compose.write_text(text.replace(old, new))
    assert any(words in line for line in check_folder(folder))
    assert execute(["deploy", "check", str(folder)]) == 1


def test_secrets_that_are_missing_or_open_are_found(folder: Path) -> None:
    (folder / "secrets" / "tws_password").chmod(0o644)
    (folder / "secrets" / "vnc_password").unlink()
    open_one, missing = check_folder(folder)
    assert "can be read by others" in open_one
    assert "there is no" in missing


def test_dashboards_of_another_version_are_found(folder: Path) -> None:
    board = folder / "grafana" / "dashboards" / "risk.json"
    board.write_text(board.read_text().replace("ikbr_limit_headroom_ratio", "ikbr_headroom"))
    [line] = check_folder(folder)
    assert "risk.json is not that of this version" in line


def test_a_folder_without_compose_file_is_refused(tmp_path: Path) -> None:
    assert execute(["deploy", "check", str(tmp_path)]) == 2
