"""Contracts: details field by field, symbols, market rules."""

from conformance.language import Topic, ask, on, row
from conformance.market import ES, EUR, KO, NONE, OPT, SPY

HOURS = "20260303:0930-20260303:1600"
BY_NAME = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}


def details(asked: dict[str, object], **fields: object) -> tuple[object, ...]:
    """Ask for one contract and expect fields of it."""
    return (
        ask("reqContractDetails", asked),
        on("contractDetails", contractDetails=fields),
        on("contractDetailsEnd"),
    )


def identity(**fields: object) -> dict[str, object]:
    """Write the fields of a contract, all of them."""
    plain = {"lastTradeDateOrContractMonth": "", "strike": 0.0, "right": "", "multiplier": "",
             "primaryExchange": "", "currency": "USD"}  # fmt: skip
    return plain | fields


TOPIC = Topic(
    "Contracts",
    (
        row(
            "a stock by its symbol: who it is",
            *details(
                BY_NAME,
                contract=identity(
                    conId=SPY["conId"],
                    symbol="SPY",
                    secType="STK",
                    exchange="SMART",
                    primaryExchange="ARCA",
                    localSymbol="SPY",
                    tradingClass="SPY",
                ),
            ),
        ),
        row(
            "a stock: how it is called",
            *details(
                BY_NAME,
                marketName="SPY",
                longName="SPY",
                contractMonth="",
                industry="",
                category="",
                subcategory="",
                stockType="COMMON",
                realExpirationDate="",
            ),
        ),
        row(
            "a stock: prices and sizes",
            *details(
                BY_NAME,
                minTick=0.0001,
                priceMagnifier=1,
                minSize=1,
                sizeIncrement=1,
                suggestedSizeIncrement=100,
            ),
        ),
        row(
            "a stock: where and how it is traded",
            *details(
                BY_NAME,
                validExchanges="SMART,NYSE,NASDAQ,ARCA,BATS,IEX",
                marketRuleIds="26,26,26,26,26,26",
                orderTypes="ACTIVETIM,ALGO,BRACKET,DAY,FOK,GTC,GTD,IOC,LMT,LOC,MIDPX,MKT,MOC,OCA,"
                "OPG,STP,STPLMT,TRAIL,WHATIF",
                aggGroup=1,
            ),
        ),
        row(
            "a stock: its hours and their zone",
            *details(BY_NAME, timeZoneId="US/Eastern", tradingHours=HOURS, liquidHours=HOURS),
        ),
        row(
            "a stock: nothing of a derivative",
            *details(
                BY_NAME,
                underConId=0,
                underSymbol="",
                underSecType="",
                evRule="",
                evMultiplier=0,
                secIdList=[],
            ),
            but={"ibapi": {"contractDetails.contractDetails.secIdList": "None if empty"}},
        ),
        row(
            "a stock by its id alone",
            *details({"conId": KO["conId"]}, contract={"symbol": "KO", "primaryExchange": "NYSE"}),
        ),
        row(
            "a stock by the exchange it is listed on",
            *details(BY_NAME | {"exchange": "ARCA"}, contract={"conId": SPY["conId"]}),
        ),
        row(
            "a currency pair: who it is",
            *details(
                EUR | {"conId": 0},
                contract=identity(
                    conId=EUR["conId"],
                    symbol="EUR",
                    secType="CASH",
                    exchange="IDEALPRO",
                    localSymbol="EUR.USD",
                    tradingClass="EUR.USD",
                ),
            ),
        ),
        row(
            "a currency pair: its grid and its rule",
            *details(
                EUR,
                minTick=0.00005,
                validExchanges="IDEALPRO",
                marketRuleIds="27",
                timeZoneId="US/Eastern",
                stockType="",
                suggestedSizeIncrement=1,
            ),
        ),
        row(
            "a future by its month: who it is",
            *details(
                {
                    "symbol": "ES",
                    "secType": "FUT",
                    "exchange": "CME",
                    "currency": "USD",
                    "lastTradeDateOrContractMonth": "202606",
                },
                contract=identity(
                    conId=ES["conId"],
                    symbol="ES",
                    secType="FUT",
                    exchange="CME",
                    lastTradeDateOrContractMonth="20260630",
                    multiplier="50",
                    localSymbol="ESM6",
                    tradingClass="ES",
                ),
            ),
        ),
        row(
            "a future: its grid, its month and its zone",
            *details(
                ES,
                minTick=0.25,
                contractMonth="202606",
                realExpirationDate="20260630",
                timeZoneId="US/Central",
                marketRuleIds="28",
                validExchanges="CME",
            ),
        ),
        row(
            "a future by its local symbol",
            *details(
                {"localSymbol": "ESM6", "secType": "FUT", "exchange": "CME"},
                contract={"conId": ES["conId"]},
            ),
        ),
        row(
            "an option by strike, right and day: who it is",
            *details(
                OPT | {"conId": 0},
                contract=identity(
                    conId=OPT["conId"],
                    symbol="SPY",
                    secType="OPT",
                    exchange="SMART",
                    lastTradeDateOrContractMonth="20260619",
                    strike=500.0,
                    right="C",
                    multiplier="100",
                    localSymbol="SPY   260619C00500000",
                    tradingClass="SPY",
                ),
            ),
        ),
        row(
            "an option: its grid and what it is on",
            *details(
                OPT,
                minTick=0.01,
                underSymbol="SPY",
                underSecType="STK",
                contractMonth="202606",
                realExpirationDate="20260619",
                marketRuleIds="29,29,29,29,29,29",
            ),
        ),
        row(
            "all that bear a symbol",
            ask("reqContractDetails", {"symbol": "SPY", "currency": "USD"}),
            on("contractDetails", contractDetails={"contract": {"secType": "STK"}}),
            on("contractDetails", contractDetails={"contract": {"secType": "OPT"}}),
            on("contractDetailsEnd"),
        ),
        row("an unknown stock", ask("reqContractDetails", NONE), codes=[200]),
        row("an unknown id", ask("reqContractDetails", {"conId": 4711}), codes=[200]),
        row(
            "a known stock in another currency",
            ask("reqContractDetails", BY_NAME | {"currency": "EUR"}),
            codes=[200],
        ),
        row(
            "symbols that begin with a letter",
            ask("reqMatchingSymbols", "k"),
            on(
                "symbolSamples",
                contractDescriptions=[
                    {
                        "contract": {
                            "conId": KO["conId"],
                            "symbol": "KO",
                            "secType": "STK",
                            "primaryExchange": "NYSE",
                            "currency": "USD",
                            "description": "KO",
                            "issuerId": "",
                        },
                        "derivativeSecTypes": [],
                    }
                ],
            ),
        ),
        row(
            "symbols that nothing begins with",
            ask("reqMatchingSymbols", "QQ"),
            on("symbolSamples", contractDescriptions=[]),
        ),
        row(
            "the market rule of stocks",
            ask("reqMarketRule", 26),
            on(
                "marketRule",
                marketRuleId=26,
                priceIncrements=[
                    {"lowEdge": 0.0, "increment": 0.0001},
                    {"lowEdge": 1.0, "increment": 0.01},
                ],
            ),
        ),
        row(
            "the market rule of a currency pair",
            ask("reqMarketRule", 27),
            on("marketRule", priceIncrements=[{"lowEdge": 0.0, "increment": 0.00005}]),
        ),
        row(
            "the market rule of a future",
            ask("reqMarketRule", 28),
            on("marketRule", priceIncrements=[{"lowEdge": 0.0, "increment": 0.25}]),
        ),
        row(
            "the market rule of an option",
            ask("reqMarketRule", 29),
            on(
                "marketRule",
                priceIncrements=[
                    {"lowEdge": 0.0, "increment": 0.01},
                    {"lowEdge": 3.0, "increment": 0.05},
                ],
            ),
        ),
        row("an unknown market rule", ask("reqMarketRule", 1, raw=True), codes=[321]),
        row(
            "exchanges with market depth: none are named",
            ask("reqMktDepthExchanges"),
            on("mktDepthExchanges", depthMktDataDescriptions=[]),
        ),
    ),
)
