"""How a client of the model becomes a member of the group, by either protocol."""

from tests.simulation.broker import Broker
from tests.simulation.membership import Membership
from tests.simulation.owning import Callbacks
from tests.simulation.server_group import ServerGroup
from tests.simulation.server_membership import ServerMembership


def member_of(
    broker: Broker, calls: Callbacks, name: str, *, eager: bool = False
) -> Membership | ServerMembership:
    """Begin to be a member of the broker's group; *name* is that of a static one, or empty."""
    group = broker.group
    if isinstance(group, ServerGroup):
        return ServerMembership(broker, group, calls, name)
    return Membership(broker, group, calls, name, eager=eager)
