"""How compiled code sees a kernel's memory: rows with named fields, and arrays at an address.

The rows are those of `strategies.kernel_layout`. Imported only where something is compiled.
"""

# Numba's own functions say nothing about types.
# mypy: allow-untyped-calls, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.errors import NumbaTypeError
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
)
from numba.np.arrayobj import make_array, populate_array

from ikbr.strategies.kernel_layout import Fields

SCALARS = {"f": types.float64, "i": types.int64, "b": types.boolean}
STORED = {"f": types.float64, "i": types.int64, "b": types.int64}
ITEM = 8


class RowType(types.Type):
    """Stand for a row in compiled code.

    Attributes:
        fields: Names and kinds.
        fixed: Whether the fields may only be read.
    """

    def __init__(self, fields: Fields, fixed: bool) -> None:
        """Describe a row."""
        self.fields = fields
        self.fixed = fixed
        shown = ", ".join(f"{n}:{k}{'[]' if s else ''}" for n, k, s in fields)
        super().__init__(name=f"{'Params' if fixed else 'State'}({shown})")

    def find(self, name: str) -> tuple[int, str, bool] | None:
        """Give the slot, the kind and whether it has cells, of a field."""
        slot = 0
        for known, kind, several in self.fields:
            if known == name:
                return slot, kind, several
            slot += 2 if several else 1
        return None


@register_model(RowType)
class RowModel(models.PrimitiveModel):
    """A row is the address of its first slot."""

    def __init__(self, manager: Any, fe_type: Any) -> None:
        """Use a pointer."""
        super().__init__(manager, fe_type, cgutils.voidptr_t)


@infer_getattr
class RowAttribute(AttributeTemplate):
    """Give the types of fields."""

    key = RowType

    def generic_resolve(self, row: RowType, name: str) -> Any:  # type: ignore[override]
        """Give the type of a field; None when there is none of that name."""
        found = row.find(name)
        if found is None:
            return None
        _, kind, several = found
        return types.Array(STORED[kind], 1, "C") if several else SCALARS[kind]


def _slot(context: Any, builder: Any, row: Any, slot: int, kind: Any) -> Any:
    pointer = cgutils.pointer_add(builder, row, slot * ITEM)
    return builder.bitcast(pointer, context.get_value_type(kind).as_pointer())


@lower_getattr_generic(RowType)
def read_field(context: Any, builder: Any, row: RowType, value: Any, name: str) -> Any:
    """Write the code that reads a field."""
    found = row.find(name)
    assert found is not None
    slot, kind, several = found
    stored = STORED[kind]
    if not several:
        got = builder.load(_slot(context, builder, value, slot, stored))
        return context.cast(builder, got, stored, SCALARS[kind])
    first = builder.load(_slot(context, builder, value, slot, types.int64))
    length = builder.load(_slot(context, builder, value, slot + 1, types.int64))
    item = context.get_constant(types.intp, ITEM)
    start = cgutils.pointer_add(builder, value, builder.mul(first, item))
    return _array(context, builder, types.Array(stored, 1, "C"), start, length)


@lower_setattr_generic(RowType)
def write_field(context: Any, builder: Any, sig: Any, args: Any, name: str) -> Any:
    """Write the code that stores into a field."""
    row, kind_given = sig.args
    found = row.find(name)
    if found is None or found[2] or row.fixed:
        owner = "params" if row.fixed else "the state"
        why = "" if row.fixed else "; assign its cells one by one"
        raise NumbaTypeError(f"the field {name!r} of {owner} cannot be assigned{why}")
    slot, kind, _ = found
    value = context.cast(builder, args[1], kind_given, SCALARS[kind])
    value = context.cast(builder, value, SCALARS[kind], STORED[kind])
    builder.store(value, _slot(context, builder, args[0], slot, STORED[kind]))
    return context.get_dummy_value()


def _array(context: Any, builder: Any, kind: Any, start: Any, length: Any) -> Any:
    """Write the code that makes an array of memory that somebody else holds."""
    array = make_array(kind)(context, builder)
    item = context.get_constant(types.intp, context.get_abi_sizeof(array.data.type.pointee))
    populate_array(
        array,
        data=builder.bitcast(start, array.data.type),
        shape=cgutils.pack_array(builder, [length]),
        strides=cgutils.pack_array(builder, [item]),
        itemsize=item,
        meminfo=None,
    )
    return array._getvalue()


def array_at(kind: Any) -> Callable[..., Any]:
    """Make the compiled function `(address, length)` that gives an array of a kind of number."""

    @intrinsic
    def at(_typing: Any, address: Any, length: Any) -> Any:
        result = types.Array(kind, 1, "C")

        def generate(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            start = builder.inttoptr(args[0], cgutils.voidptr_t)
            return _array(context, builder, result, start, args[1])

        return result(types.int64, types.int64), generate

    made: Callable[..., Any] = at
    return made


def row_at(fields: Fields, *, fixed: bool = False) -> Callable[..., Any]:
    """Make the compiled function `(address)` that gives a row."""

    @intrinsic
    def at(_typing: Any, address: Any) -> Any:
        def generate(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], cgutils.voidptr_t)

        return RowType(fields, fixed)(types.int64), generate

    made: Callable[..., Any] = at
    return made
