"""Why orders are refused, and the words of a cancellation.

Source: IBKR, "TWS API message codes" (103, 104, 105, 161, 200, 201, 202, 413, 440, 2109,
10326, 10327).
"""

from __future__ import annotations

from ikbr.sim.refusals import Refusal

DUPLICATE_ID = Refusal(103, "Duplicate order id")
NOT_MODIFIABLE = Refusal(104, "Cannot modify a filled order.")
NOT_MATCHING = Refusal(105, "Order being modified does not match original order.")
NO_ADAPTIVE_CHANGE = Refusal(440, "This algorithmic order cannot be modified.")
NOT_CANCELLABLE = "Cancel attempted when order is not in a cancellable state. Order permId ="
WHAT_IF_HELD = Refusal(413, "What-if order should have the transmit flag set to TRUE.")
NO_CONTRACT = Refusal(200, "No security definition has been found for the request")
AMBIGUOUS = Refusal(200, "The contract description specified for {} is ambiguous.")
TOO_MANY = Refusal(201, "Order rejected - reason: too many orders work at once.")
NO_PARENT = Refusal(201, "Order rejected - reason: the parent order is not found.")
OUTSIDE_IGNORED = Refusal(
    2109, "Order Event Warning: Attribute 'Outside Regular Trading Hours' is ignored based on the "
    "order type and destination. PlaceOrder is now being processed.",
)  # fmt: skip
OCA_GROUP_FIXED = Refusal(10326, "OCA group revision is not allowed.")
OCA_TYPE_FIXED = Refusal(10327, "OCA handling method (OCA type) revision is not allowed.")
CANCELLED = Refusal(202, "Order Canceled - reason:")
