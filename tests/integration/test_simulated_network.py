"""Unmodified ib_async and the simulated gateway's own server meet in the simulated network."""

from __future__ import annotations

from ib_async import IB, MarketOrder, Stock
from tests.contract.contract_scripts import contract_source

from ikbr.domain.execution import ExecutionModel
from ikbr.gateway.options import GatewayOptions
from ikbr.gateway.server import GatewayServer
from ikbr.gateway.world import World
from ikbr.simulate.network import Network
from ikbr.simulate.node import Node
from ikbr.simulate.universe import SECOND, Universe


class Town:
    """A gateway, a client of it, and the network between them; in no real time at all."""

    def __init__(self, seed: int = 1) -> None:
        self.universe = Universe(seed)
        self.world = World(contract_source(), GatewayOptions(model=ExecutionModel(fees="none")))
        self.network = Network(self.universe, self.world.now_ns)
        self.gateway = Node(self.universe, self.network, "gateway")
        self.bot = Node(self.universe, self.network, "bot")
        server = GatewayServer(self.world, speed=1.0, wall_ns=lambda: self.universe.now_ns)
        self.gateway.start(server.start(4002, None))
        self.universe.run_for(0.1)
        self.ib = IB()
        self.connected = self.bot.start(self.ib.connectAsync("127.0.0.1", 4002, clientId=1))
        self.universe.run_for(1.0)


def test_ib_async_trades_over_it_as_over_a_socket() -> None:
    town = Town()
    assert town.connected.exception() is None
    assert town.ib.isConnected()
    town.universe.run_for(30.0)
    trade = town.bot.within(
        lambda: town.ib.placeOrder(Stock("SPY", "SMART", "USD"), MarketOrder("BUY", 100))
    )
    town.universe.run_for(2.0)
    assert trade.orderStatus.status == "Filled"
    assert [int(p.position) for p in town.ib.positions()] == [100]
    assert town.universe.now_ns == round(33.1 * SECOND)


def test_ib_async_hears_of_a_reset_and_not_of_a_half_open_connection() -> None:
    town = Town()
    town.network.connections[0].half_open = True
    town.universe.run_for(60.0)
    assert town.ib.isConnected()
    town.network.connections[0].reset()
    town.universe.run_for(1.0)
    assert not town.ib.isConnected()


def test_a_gateway_that_dies_ends_the_connection() -> None:
    town = Town()
    town.gateway.kill()
    town.universe.run_for(1.0)
    assert not town.ib.isConnected()
    assert town.bot.faults == []
