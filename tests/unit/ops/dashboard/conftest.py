"""Let the tests here import the rig beside them; what several of them need."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Make a certificate as a person would."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    words = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", str(key), "-out", str(cert))  # fmt: skip
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    return cert, key
