"""Accounts: values, positions, profit, with one account and with two.

What is bought: 100 SPY at the ask of 502.12, for a commission of 1.00. The mark is the last price,
502.11. Margin is Regulation T's: half to buy, a quarter to hold.
"""

from conformance.language import On, Topic, ask, cancel, on, place, row, until
from conformance.market import ACCOUNT, KO, SPY

START = {
    "NetLiquidation": "1000000.00",
    "EquityWithLoanValue": "1000000.00",
    "TotalCashValue": "1000000.00",
    "SettledCash": "1000000.00",
    "AccruedCash": "0.00",
    "StockMarketValue": "0.00",
    "GrossPositionValue": "0.00",
    "InitMarginReq": "0.00",
    "MaintMarginReq": "0.00",
    "FullInitMarginReq": "0.00",
    "FullMaintMarginReq": "0.00",
    "AvailableFunds": "1000000.00",
    "FullAvailableFunds": "1000000.00",
    "ExcessLiquidity": "1000000.00",
    "FullExcessLiquidity": "1000000.00",
    "BuyingPower": "4000000.00",
    "UnrealizedPnL": "0.00",
    "RealizedPnL": "0.00",
    "PreviousDayEquityWithLoanValue": "1000000.00",
}
"""The values of the account before anything was bought, in dollars."""

BOUGHT = START | {
    "NetLiquidation": "999998.00",  # 949787 + 50211
    "EquityWithLoanValue": "999998.00",
    "TotalCashValue": "949787.00",  # 1000000 - 50212 - 1
    "SettledCash": "949787.00",
    "StockMarketValue": "50211.00",
    "GrossPositionValue": "50211.00",
    "InitMarginReq": "25105.50",
    "MaintMarginReq": "12552.75",
    "FullInitMarginReq": "25105.50",
    "FullMaintMarginReq": "12552.75",
    "AvailableFunds": "974892.50",
    "FullAvailableFunds": "974892.50",
    "ExcessLiquidity": "987445.25",
    "FullExcessLiquidity": "987445.25",
    "BuyingPower": "3899570.00",
    "UnrealizedPnL": "-1.00",
    "RealizedPnL": "-1.00",
}
"""The same after 100 SPY were bought."""

HOLDING = {
    "position": 100, "marketPrice": 502.11, "marketValue": 50211.00, "averageCost": 502.12,
    "unrealizedPNL": -1.00, "realizedPNL": -1.00, "accountName": ACCOUNT,
}  # fmt: skip


def texts(callback: str, key: str, **more: str) -> list[On]:
    """Expect the values of the account that are no amounts."""
    return [
        on(callback, **{key: name}, currency="", **more)
        for name in ("AccountCode", "AccountType", "AccountReady", "Cushion", "Leverage")
    ]


def amounts(callback: str, key: str, value: str, told: dict[str, str], **more: str) -> list[On]:
    """Expect amounts in dollars."""
    return [
        on(callback, **{key: name, value: amount}, currency="USD", **more)
        for name, amount in told.items()
    ]


def cash(callback: str, key: str, value: str, amount: str, **more: str) -> list[On]:
    """Expect the cash by currency."""
    told = (("CashBalance", amount, "USD"), ("ExchangeRate", "1.000000", "USD"),
            ("CashBalance", amount, "BASE"))  # fmt: skip
    return [on(callback, **{key: k, value: v}, currency=c, **more) for k, v, c in told]


UPDATES = ("updateAccountValue", "key", "val")
MULTI = ("accountUpdateMulti", "key", "value")
CHANGED = {key: value for key, value in BOUGHT.items() if START[key] != value}

TOPIC = Topic(
    "Accounts",
    (
        row(
            "account updates: every value",
            ask("reqAccountUpdates", True, ACCOUNT),
            *texts(*UPDATES[:2], accountName=ACCOUNT),
            *amounts(*UPDATES, START, accountName=ACCOUNT),
            *cash(*UPDATES, START["TotalCashValue"], accountName=ACCOUNT),
            on("updateAccountTime", timeStamp="10:00"),
            on("accountDownloadEnd", accountName=ACCOUNT),
        ),
        row(
            "account updates: nothing is held yet",
            ask("reqAccountUpdates", True, ACCOUNT),
            on("accountDownloadEnd", accountName=ACCOUNT),
            silent=("updatePortfolio",),
        ),
        row(
            "positions: none yet",
            ask("reqPositions"),
            on("positionEnd"),
            silent=("position",),
            seen={"ib.positions()": []},
        ),
        row(
            "what is bought is told at its mark",
            place(101, SPY, action="BUY", totalQuantity=100, orderType="MKT"),
            on(
                "updatePortfolio",
                contract={
                    "conId": SPY["conId"],
                    "symbol": "SPY",
                    "secType": "STK",
                    "primaryExchange": "ARCA",
                    "currency": "USD",
                    "localSymbol": "SPY",
                },
                **HOLDING,
            ),
            on(
                "position",
                account=ACCOUNT,
                position=100,
                avgCost=502.12,
                contract={"symbol": "SPY", "exchange": "ARCA", "localSymbol": "SPY"},
            ),
            seen={"ib.positions()[0].position": 100, "ib.portfolio()[0].marketValue": 50211.0},
        ),
        row(
            "what is bought changes just these values",
            place(102, KO, action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=1.0),
            ask("reqAccountUpdates", True, ACCOUNT),
            *texts(*UPDATES[:2], accountName=ACCOUNT),
            *amounts(*UPDATES, BOUGHT, accountName=ACCOUNT),
            *cash(*UPDATES, BOUGHT["TotalCashValue"], accountName=ACCOUNT),
        ),
        row(
            "positions: one",
            ask("reqPositions"),
            on(
                "position",
                account=ACCOUNT,
                position=100,
                avgCost=502.12,
                contract={"conId": SPY["conId"], "secType": "STK", "exchange": "ARCA"},
            ),
            on("positionEnd"),
        ),
        row(
            "positions by request",
            ask("reqPositionsMulti", ACCOUNT, "", key="multi"),
            on(
                "positionMulti",
                account=ACCOUNT,
                modelCode="",
                pos=100,
                avgCost=502.12,
                contract={"symbol": "SPY", "exchange": "ARCA"},
            ),
            on("positionMultiEnd"),
        ),
        row(
            "the summary: what was asked for, in IBKR's order",
            ask("reqAccountSummary", "All", "BuyingPower,NetLiquidation", key="sum", raw=True),
            on(
                "accountSummary",
                account=ACCOUNT,
                tag="NetLiquidation",
                value="999998.00",
                currency="USD",
            ),
            on(
                "accountSummary",
                account=ACCOUNT,
                tag="BuyingPower",
                value="3899570.00",
                currency="USD",
            ),
            on("accountSummaryEnd"),
        ),
        row(
            "the summary of the ledger",
            ask("reqAccountSummary", "All", "$LEDGER", key="ledger", raw=True),
            *(
                on("accountSummary", tag=tag, value=value, currency=currency)
                for tag, value, currency in (
                    ("NetLiquidation", "999998.00", "USD"),
                    ("AccruedCash", "0.00", "USD"),
                    ("CashBalance", "949787.00", "USD"),
                    ("ExchangeRate", "1.000000", "USD"),
                    ("CashBalance", "949787.00", "BASE"),
                )
            ),
            on("accountSummaryEnd"),
        ),
        row(
            "a third summary is refused",
            ask("reqAccountSummary", "All", "BuyingPower", raw=True),
            codes=[322],
        ),
        row(
            "a summary that was ended makes room",
            cancel("cancelAccountSummary", "sum"),
            ask("reqAccountSummary", "All", "Leverage", key="sum", raw=True),
            on("accountSummary", tag="Leverage", value="0.05", currency=""),
            on("accountSummaryEnd"),
        ),
        row(
            "a group that is not known",
            cancel("cancelAccountSummary", "sum"),
            ask("reqAccountSummary", "Some", "BuyingPower", raw=True),
            codes=[321],
        ),
        row(
            "account updates by request",
            ask("reqAccountUpdatesMulti", ACCOUNT, "", False, key="values"),
            *texts(*MULTI[:2], account=ACCOUNT, modelCode=""),
            *amounts(*MULTI, BOUGHT, account=ACCOUNT, modelCode=""),
            *cash(*MULTI, BOUGHT["TotalCashValue"], account=ACCOUNT, modelCode=""),
            on("accountUpdateMultiEnd"),
        ),
        row(
            "profit of the account",
            ask("reqPnL", ACCOUNT, "", key="pnl"),
            on("pnl", dailyPnL=-2.0, unrealizedPnL=-1.0, realizedPnL=-1.0),
            seen={"result('pnl').dailyPnL": -2.0, "result('pnl').unrealizedPnL": -1.0},
        ),
        row(
            "profit of one position",
            ask("reqPnLSingle", ACCOUNT, "", SPY["conId"], key="single"),
            on(
                "pnlSingle",
                pos=100,
                dailyPnL=-2.0,
                unrealizedPnL=-1.0,
                realizedPnL=-1.0,
                value=50211.0,
            ),
            seen={"result('single').position": 100, "result('single').value": 50211.0},
        ),
        row(
            "profit follows the market, once a second",
            until("10:00:07"),
            # the quote of 10:00:05 lifts the mark to the bid, the print of 10:00:06 above it
            on("pnl", dailyPnL=87.0, unrealizedPnL=88.0, realizedPnL=-1.0),
            on("pnlSingle", pos=100, dailyPnL=87.0, unrealizedPnL=88.0, value=50300.0),
            on("pnl", dailyPnL=88.0, unrealizedPnL=89.0, realizedPnL=-1.0),
            on("pnlSingle", pos=100, dailyPnL=88.0, unrealizedPnL=89.0, value=50301.0),
        ),
        row(
            "profit that was ended is not told",
            cancel("cancelPnL", "pnl"),
            cancel("cancelPnLSingle", "single"),
            until("10:02:05"),
            silent=("pnl", "pnlSingle"),
        ),
        row(
            "what is sold is realised, after fees",
            place(103, SPY, action="SELL", totalQuantity=100, orderType="MKT"),
            # 100 × (500.00 - 502.12) - 1.00 - 1.00 and the TAF of 0.000166 a share, in cents
            on("updatePortfolio", position=0, marketValue=0.0, averageCost=0.0, unrealizedPNL=0.0),
            on("position", position=0, avgCost=0.0, contract={"symbol": "SPY"}),
            on("positionMulti", pos=0, avgCost=0.0, contract={"symbol": "SPY"}),
            seen={"ib.positions()": [], "ib.portfolio()": []},
        ),
        row(
            "positions that were ended are not told",
            cancel("cancelPositionsMulti", "multi"),
            ask("cancelPositions", raw=True),
            place(104, SPY, action="BUY", totalQuantity=10, orderType="MKT"),
            silent=("position", "positionMulti"),
        ),
        row(
            "values that were ended are not told",
            cancel("cancelAccountUpdatesMulti", "values"),
            ask("reqAccountUpdates", False, ACCOUNT, raw=True),
            place(105, SPY, action="SELL", totalQuantity=10, orderType="MKT"),
            silent=("updateAccountValue", "updatePortfolio"),
        ),
        row(
            "values by request that were ended are not told",
            place(106, SPY, action="BUY", totalQuantity=10, orderType="MKT"),
            silent=("accountUpdateMulti",),
            family="ibapi",  # ib_async keeps the ones it asks for at the start
        ),
        *(
            row(what, ask(name, *args, raw=True), codes=[code])
            for what, name, args, code in (
                ("updates of an unknown account", "reqAccountUpdates", (True, "DU9"), 321),
                ("updates by request of one", "reqAccountUpdatesMulti", ("DU9", "", False), 321),
                ("positions of one", "reqPositionsMulti", ("DU9", ""), 321),
                ("profit of one", "reqPnL", ("DU9", ""), 321),
                ("profit of no account", "reqPnL", ("", ""), 321),
                ("profit of an unknown contract", "reqPnLSingle", (ACCOUNT, "", 4711), 200),
                ("ending a profit that never began", "cancelPnL", (4711,), 300),
                ("ending a position's profit that never began", "cancelPnLSingle", (4711,), 300),
            )
        ),
    ),
)

TWO = Topic(
    "Two accounts",
    (
        row(
            "an order that names no account",
            place(101, SPY, action="BUY", totalQuantity=100, orderType="MKT"),
            codes=[435],
        ),
        row(
            "an order that names one",
            place(102, SPY, action="BUY", totalQuantity=100, orderType="MKT", account="DU2"),
            on("execDetails", execution={"acctNumber": "DU2", "shares": 100}),
        ),
        row(
            "only that account holds it",
            ask("reqPositions"),
            on("position", account="DU2", position=100),
            on("positionEnd"),
        ),
        row(
            "positions by request of the other",
            ask("reqPositionsMulti", "DU1", ""),
            on("positionMultiEnd"),
            silent=("positionMulti",),
        ),
        row(
            "the summary of both",
            ask("reqAccountSummary", "All", "NetLiquidation", raw=True),
            on("accountSummary", account="DU1", value="1000000.00"),
            on("accountSummary", account="DU2", value="499998.00"),
            on("accountSummaryEnd"),
        ),
        row(
            "profit of each",
            ask("reqPnL", "DU1", "", key="one"),
            ask("reqPnL", "DU2", "", key="two"),
            on("pnl", dailyPnL=0.0),
            on("pnl", dailyPnL=-2.0),
        ),
        row(
            "an account that is not known",
            place(103, SPY, action="BUY", totalQuantity=100, orderType="MKT", account="DU9"),
            codes=[435],
        ),
        row(
            "executions of one account",
            ask("reqExecutions", {"acctCode": "DU1"}),
            on("execDetailsEnd"),
            silent=("execDetails",),
        ),
        row(
            "executions of the other",
            ask("reqExecutions", {"acctCode": "DU2"}),
            on("execDetails", execution={"acctNumber": "DU2"}),
            on("execDetailsEnd"),
        ),
    ),
    gateway={"accounts": {"DU1": 1_000_000.0, "DU2": 500_000.0}},
)
