"""Getting to know each other: versions, accounts, ids, time."""

from conformance.language import Like, Topic, ask, brimful, connect, disconnect, on, row, speak
from conformance.market import ACCOUNT, KO, seconds

TOPIC = Topic(
    "Session",
    (
        row(
            "connecting names the accounts, the next order id and the farms",
            connect(1),
            on("managedAccounts", accountsList=ACCOUNT),
            on("nextValidId", orderId=1),
            codes=[2104, 2106, 2158],
            seen={"ib.managedAccounts()": [ACCOUNT], "ib.isConnected()": True},
        ),
        row("the version is the older of both sides' newest", speak()),
        row(
            "the current time is that of the market",
            ask("reqCurrentTime"),
            on("currentTime", time=seconds("10:00:00")),
            on("currentTime", time=seconds("10:00:00")),  # the one that ends every row
        ),
        row("the next order id can be asked for", ask("reqIds", 1), on("nextValidId", orderId=1)),
        row(
            "the accounts can be asked for",
            ask("reqManagedAccts"),
            on("managedAccounts", accountsList=ACCOUNT),
        ),
        row("there is no white label", ask("reqUserInfo"), on("userInfo", whiteBrandingId="")),
        row(
            "accounts belong to no family",
            ask("reqFamilyCodes"),
            on("familyCodes", familyCodes=[{"accountID": ACCOUNT, "familyCodeStr": ""}]),
        ),
        row(
            "there are no tiers of soft dollars",
            ask("reqSoftDollarTiers"),
            on("softDollarTiers", tiers=[]),
        ),
        row(
            "there are no providers of news",
            ask("reqNewsProviders"),
            on("newsProviders", newsProviders=[]),
        ),
        row("the level of the server's log is taken silently", ask("setServerLogLevel", 2)),
        row(
            "an answer as long as what IBKR's client reads at once is not lost",
            brimful(1, KO, 4096, action="BUY", totalQuantity=100, orderType="MKT"),
            on("openOrder"),
            on("openOrder"),
            on("openOrder", order={"orderRef": Like("x{2000,}")}),
            codes=[2104],  # makes it longer
            family="ibapi",
        ),
        row(
            "a second client is welcome",
            connect(2),
            on("managedAccounts", accountsList=ACCOUNT, who=2),
            on("nextValidId", orderId=1, who=2),
        ),
        row("a client id that is in use is refused", connect(2, again=True), codes=[326]),
        row(
            "the client that had the id goes on",
            ask("reqIds", 1, who=2),
            on("nextValidId", orderId=1, who=2),
        ),
        row(
            "an id is free once its client has gone",
            disconnect(2),
            connect(2),
            on("managedAccounts", accountsList=ACCOUNT, who=2),
        ),
    ),
)
