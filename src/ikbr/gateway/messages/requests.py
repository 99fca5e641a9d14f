"""Requests: what clients send, but for orders.

Source: TWS API socket protocol at server version 178.
"""

from __future__ import annotations

from ikbr.gateway.fields import Flag, Rest
from ikbr.gateway.messages.blocks import (
    CONTRACT_11,
    CONTRACT_12,
    DELTA_NEUTRAL_CONTRACT,
    LEGS,
)
from ikbr.gateway.tables import Table

_OPTIONS = Rest("options")
"""Their count and the options; newer official clients leave out the count."""

REQ_MKT_DATA = Table(
    1,
    "reqMktData",
    f"=11 reqId:i {CONTRACT_12}",
    LEGS,
    Flag("deltaNeutralContract", DELTA_NEUTRAL_CONTRACT),
    "genericTicks snapshot:b regulatorySnapshot:b options",
)
CANCEL_MKT_DATA = Table(2, "cancelMktData", "=2 reqId:i")
CANCEL_ORDER = Table(4, "cancelOrder", "=1 orderId:i manualCancelTime")
REQ_OPEN_ORDERS = Table(5, "reqOpenOrders", "=1")
REQ_ACCOUNT_UPDATES = Table(6, "reqAccountUpdates", "=2 subscribe:b account")
REQ_EXECUTIONS = Table(
    7, "reqExecutions", "=3 reqId:i clientId:i account time symbol secType exchange side"
)
REQ_IDS = Table(8, "reqIds", "=1 count:i")
REQ_CONTRACT_DETAILS = Table(
    9,
    "reqContractDetails",
    f"=8 reqId:i {CONTRACT_12} includeExpired:b secIdType secId issuerId@176",
)
REQ_MKT_DEPTH = Table(10, "reqMktDepth", f"=5 reqId:i {CONTRACT_12} rows:i isSmart:b options")
CANCEL_MKT_DEPTH = Table(11, "cancelMktDepth", "=1 reqId:i isSmart:b")
REQ_NEWS_BULLETINS = Table(12, "reqNewsBulletins", "=1 all:b")
CANCEL_NEWS_BULLETINS = Table(13, "cancelNewsBulletins", "=1")
SET_SERVER_LOG_LEVEL = Table(14, "setServerLogLevel", "=1 level:i")
REQ_AUTO_OPEN_ORDERS = Table(15, "reqAutoOpenOrders", "=1 bind:b")
REQ_ALL_OPEN_ORDERS = Table(16, "reqAllOpenOrders", "=1")
REQ_MANAGED_ACCOUNTS = Table(17, "reqManagedAccts", "=1")
REQ_FA = Table(18, "requestFA", "=1 type:i")
REPLACE_FA = Table(19, "replaceFA", "=1 type:i xml reqId:i")
REQ_HISTORICAL_DATA = Table(
    20,
    "reqHistoricalData",
    f"reqId:i {CONTRACT_12} includeExpired:b endDateTime barSize duration useRTH:b whatToShow "
    "formatDate:i",
    LEGS,
    "keepUpToDate:b options",
)
EXERCISE_OPTIONS = Table(
    21,
    "exerciseOptions",
    f"=2 reqId:i {CONTRACT_11} action:i quantity:i account override:i",
)
REQ_SCANNER_SUBSCRIPTION = Table(
    22,
    "reqScannerSubscription",
    "reqId:i rows:i? instrument locationCode scanCode abovePrice:n? belowPrice:n? aboveVolume:i? "
    "marketCapAbove:n? marketCapBelow:n? moodyRatingAbove moodyRatingBelow spRatingAbove "
    "spRatingBelow maturityDateAbove maturityDateBelow couponRateAbove:n? couponRateBelow:n? "
    "excludeConvertible:b averageOptionVolumeAbove:i? scannerSettingPairs stockTypeFilter "
    "filterOptions options",
)
CANCEL_SCANNER_SUBSCRIPTION = Table(23, "cancelScannerSubscription", "=1 reqId:i")
REQ_SCANNER_PARAMETERS = Table(24, "reqScannerParameters", "=1")
CANCEL_HISTORICAL_DATA = Table(25, "cancelHistoricalData", "=1 reqId:i")
REQ_CURRENT_TIME = Table(49, "reqCurrentTime", "=1")
REQ_REAL_TIME_BARS = Table(
    50, "reqRealTimeBars", f"=3 reqId:i {CONTRACT_12} barSize:i whatToShow useRTH:b options"
)
CANCEL_REAL_TIME_BARS = Table(51, "cancelRealTimeBars", "=1 reqId:i")
REQ_FUNDAMENTAL_DATA = Table(
    52,
    "reqFundamentalData",
    "=2 reqId:i conId:i symbol secType exchange primaryExchange currency localSymbol reportType "
    "optionCount:i options",
)
CANCEL_FUNDAMENTAL_DATA = Table(53, "cancelFundamentalData", "=1 reqId:i")
CALC_IMPLIED_VOLATILITY = Table(
    54,
    "calculateImpliedVolatility",
    f"=3 reqId:i {CONTRACT_12} optionPrice:n underPrice:n",
    _OPTIONS,
)
CALC_OPTION_PRICE = Table(
    55,
    "calculateOptionPrice",
    f"=3 reqId:i {CONTRACT_12} volatility:n underPrice:n",
    _OPTIONS,
)
CANCEL_CALC_IMPLIED_VOLATILITY = Table(56, "cancelCalculateImpliedVolatility", "=1 reqId:i")
CANCEL_CALC_OPTION_PRICE = Table(57, "cancelCalculateOptionPrice", "=1 reqId:i")
REQ_GLOBAL_CANCEL = Table(58, "reqGlobalCancel", "=1")
REQ_MARKET_DATA_TYPE = Table(59, "reqMarketDataType", "=1 type:i")
REQ_POSITIONS = Table(61, "reqPositions", "=1")
REQ_ACCOUNT_SUMMARY = Table(62, "reqAccountSummary", "=1 reqId:i group tags")
CANCEL_ACCOUNT_SUMMARY = Table(63, "cancelAccountSummary", "=1 reqId:i")
CANCEL_POSITIONS = Table(64, "cancelPositions", "=1")
QUERY_DISPLAY_GROUPS = Table(67, "queryDisplayGroups", "=1 reqId:i")
SUBSCRIBE_TO_GROUP_EVENTS = Table(68, "subscribeToGroupEvents", "=1 reqId:i group:i")
UPDATE_DISPLAY_GROUP = Table(69, "updateDisplayGroup", "=1 reqId:i contractInfo")
UNSUBSCRIBE_FROM_GROUP_EVENTS = Table(70, "unsubscribeFromGroupEvents", "=1 reqId:i")
START_API = Table(71, "startApi", "=2 clientId:i optionalCapabilities")
REQ_POSITIONS_MULTI = Table(74, "reqPositionsMulti", "=1 reqId:i account modelCode")
CANCEL_POSITIONS_MULTI = Table(75, "cancelPositionsMulti", "=1 reqId:i")
REQ_ACCOUNT_UPDATES_MULTI = Table(
    76, "reqAccountUpdatesMulti", "=1 reqId:i account modelCode ledgerAndNLV:b"
)
CANCEL_ACCOUNT_UPDATES_MULTI = Table(77, "cancelAccountUpdatesMulti", "=1 reqId:i")
REQ_SEC_DEF_OPT_PARAMS = Table(
    78,
    "reqSecDefOptParams",
    "reqId:i underlyingSymbol futFopExchange underlyingSecType underlyingConId:i",
)
REQ_SOFT_DOLLAR_TIERS = Table(79, "reqSoftDollarTiers", "reqId:i")
REQ_FAMILY_CODES = Table(80, "reqFamilyCodes")
REQ_MATCHING_SYMBOLS = Table(81, "reqMatchingSymbols", "reqId:i pattern")
REQ_MKT_DEPTH_EXCHANGES = Table(82, "reqMktDepthExchanges")
REQ_SMART_COMPONENTS = Table(83, "reqSmartComponents", "reqId:i bboExchange")
REQ_NEWS_ARTICLE = Table(84, "reqNewsArticle", "reqId:i providerCode articleId options")
REQ_NEWS_PROVIDERS = Table(85, "reqNewsProviders")
REQ_HISTORICAL_NEWS = Table(
    86, "reqHistoricalNews", "reqId:i conId:i providerCodes start end totalResults:i options"
)
REQ_HEAD_TIMESTAMP = Table(
    87,
    "reqHeadTimestamp",
    f"reqId:i {CONTRACT_12} includeExpired:b useRTH:b whatToShow formatDate:i",
)
REQ_HISTOGRAM_DATA = Table(
    88, "reqHistogramData", f"reqId:i {CONTRACT_12} includeExpired:b useRTH:b period"
)
CANCEL_HISTOGRAM_DATA = Table(89, "cancelHistogramData", "reqId:i")
CANCEL_HEAD_TIMESTAMP = Table(90, "cancelHeadTimestamp", "reqId:i")
REQ_MARKET_RULE = Table(91, "reqMarketRule", "ruleId:i")
REQ_PNL = Table(92, "reqPnL", "reqId:i account modelCode")
CANCEL_PNL = Table(93, "cancelPnL", "reqId:i")
REQ_PNL_SINGLE = Table(94, "reqPnLSingle", "reqId:i account modelCode conId:i")
CANCEL_PNL_SINGLE = Table(95, "cancelPnLSingle", "reqId:i")
REQ_HISTORICAL_TICKS = Table(
    96,
    "reqHistoricalTicks",
    f"reqId:i {CONTRACT_12} includeExpired:b start end count:i whatToShow useRTH:b ignoreSize:b "
    "options",
)
REQ_TICK_BY_TICK = Table(
    97, "reqTickByTickData", f"reqId:i {CONTRACT_12} type count:i ignoreSize:b"
)
CANCEL_TICK_BY_TICK = Table(98, "cancelTickByTickData", "reqId:i")
REQ_COMPLETED_ORDERS = Table(99, "reqCompletedOrders", "apiOnly:b")
REQ_WSH_META_DATA = Table(100, "reqWshMetaData", "reqId:i")
CANCEL_WSH_META_DATA = Table(101, "cancelWshMetaData", "reqId:i")
REQ_WSH_EVENT_DATA = Table(
    102,
    "reqWshEventData",
    "reqId:i conId:i filter fillWatchlist:b fillPortfolio:b fillCompetitors:b startDate endDate "
    "totalLimit:i",
)
CANCEL_WSH_EVENT_DATA = Table(103, "cancelWshEventData", "reqId:i")
REQ_USER_INFO = Table(104, "reqUserInfo", "reqId:i")
