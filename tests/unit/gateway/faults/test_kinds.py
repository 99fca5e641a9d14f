from pathlib import Path

import pytest

from ikbr.gateway.faults.fault import Fault
from ikbr.gateway.faults.kinds import KINDS, Kind

PAGE = (Path(__file__).parents[4] / "docs" / "gateway.md").read_text()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.name))
def test_every_kind_stands_in_the_docs_with_its_fields(kind: Kind) -> None:
    fields = ", ".join(f"`{field}`" for field in kind.takes)
    assert f"| `{kind.name}` | {kind.does} | {fields} |" in PAGE


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.name))
def test_every_kind_takes_fields_that_there_are(kind: Kind) -> None:
    assert set(kind.takes) <= set(Fault.__struct_fields__)
    assert set(kind.needs) <= set(kind.takes)
