"""Answers: what the gateway says about itself, contracts and accounts.

Source: TWS API socket protocol at server version 178.
"""

from __future__ import annotations

from ikbr.gateway.fields import Repeat, parts
from ikbr.gateway.messages.blocks import CONTRACT_11, TAGS
from ikbr.gateway.tables import Table

# --- the session -------------------------------------------------------------------------------

ERROR = Table(4, "error", "=2 id:i code:i text advancedOrderRejectJson@166")
NEXT_VALID_ID = Table(9, "nextValidId", "=1 orderId:i")
MANAGED_ACCOUNTS = Table(15, "managedAccounts", "=1 accounts")
CURRENT_TIME = Table(49, "currentTime", "=1 time:i")
USER_INFO = Table(107, "userInfo", "reqId:i whiteBrandingId")
FAMILY_CODES = Table(78, "familyCodes", Repeat("codes", parts("account code")))
SOFT_DOLLAR_TIERS = Table(
    77, "softDollarTiers", "reqId:i", Repeat("tiers", parts("name value displayName"))
)
NEWS_PROVIDERS = Table(85, "newsProviders", Repeat("providers", parts("code name")))

# --- contracts ---------------------------------------------------------------------------------

CONTRACT_DATA = Table(
    10,
    "contractData",
    "reqId:i symbol secType lastTradeDateOrContractMonth strike:q right exchange currency "
    "localSymbol marketName tradingClass conId:i minTick:n multiplier orderTypes validExchanges "
    "priceMagnifier:i underConId:i longName primaryExchange contractMonth industry category "
    "subcategory timeZoneId tradingHours liquidHours evRule evMultiplier:i",
    Repeat("secIdList", TAGS),
    "aggGroup:i underSymbol underSecType marketRuleIds realExpirationDate stockType minSize:q "
    "sizeIncrement:q suggestedSizeIncrement:q",
)
CONTRACT_DATA_END = Table(52, "contractDataEnd", "=1 reqId:i")
SYMBOL_SAMPLES = Table(
    79,
    "symbolSamples",
    "reqId:i",
    Repeat(
        "samples",
        parts(
            "conId:i symbol secType primaryExchange currency",
            Repeat("derivativeSecTypes", parts("secType")),
            "description@176 issuerId@176",
        ),
    ),
)
MARKET_RULE = Table(
    93, "marketRule", "ruleId:i", Repeat("increments", parts("lowEdge:n increment:n"))
)
MKT_DEPTH_EXCHANGES = Table(
    80,
    "mktDepthExchanges",
    Repeat("exchanges", parts("exchange secType listingExch serviceDataType aggGroup:i")),
)
SMART_COMPONENTS = Table(
    82, "smartComponents", "reqId:i", Repeat("components", parts("bitNumber:i exchange letter"))
)

# --- accounts ----------------------------------------------------------------------------------

ACCOUNT_VALUE = Table(6, "accountValue", "=2 key value currency account")
PORTFOLIO_VALUE = Table(
    7,
    "portfolioValue",
    f"=8 {CONTRACT_11.replace('exchange', 'primaryExchange')} position:q marketPrice:n "
    "marketValue:n averageCost:n unrealizedPNL:n realizedPNL:n account",
)
ACCOUNT_UPDATE_TIME = Table(8, "accountUpdateTime", "=1 time")
ACCOUNT_DOWNLOAD_END = Table(54, "accountDownloadEnd", "=1 account")
POSITION = Table(61, "position", f"=3 account {CONTRACT_11} position:q avgCost:n")
POSITION_END = Table(62, "positionEnd", "=1")
ACCOUNT_SUMMARY = Table(63, "accountSummary", "=1 reqId:i account tag value currency")
ACCOUNT_SUMMARY_END = Table(64, "accountSummaryEnd", "=1 reqId:i")
POSITION_MULTI = Table(
    71, "positionMulti", f"=1 reqId:i account {CONTRACT_11} position:q avgCost:n modelCode"
)
POSITION_MULTI_END = Table(72, "positionMultiEnd", "=1 reqId:i")
ACCOUNT_UPDATE_MULTI = Table(
    73, "accountUpdateMulti", "=1 reqId:i account modelCode key value currency"
)
ACCOUNT_UPDATE_MULTI_END = Table(74, "accountUpdateMultiEnd", "=1 reqId:i")
PNL = Table(94, "pnl", "reqId:i dailyPnL:N unrealizedPnL:N realizedPnL:N")
PNL_SINGLE = Table(
    95, "pnlSingle", "reqId:i position:q dailyPnL:N unrealizedPnL:N realizedPnL:N value:N"
)
