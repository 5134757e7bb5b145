"""Identities that are refused, or known."""

from dataclasses import replace

from pipeline.commerce.events import Contact, Identifier
from pipeline.sitecore.next_step import Finished
from pipeline.sitecore.owed import Identity
from pipeline.sitecore.point_of_sale import DataModel, Protocol
from tests.unit.sitecore.samples import (
    CRM,
    SHOES,
    Owes,
    policy,
    policy_of,
    shop,
)
from tests.unit.sitecore.talk import Talk, refusing, rule


def test_orders_go_behind_a_refused_identity() -> None:
    """Sitecore shows orders of known guests only, and would not say so."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    identity = talk.tell(owes.identity(), refusing("IDENTITY"))
    order = talk.tell(owes.order(SHOES))

    assert (rule(identity), rule(order)) == ("identity_refused", "identity_refused")
    assert talk.types == ["IDENTITY"]


def test_a_new_identity_brings_orders_through_again() -> None:
    """The refusal was of the old one."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()
    new = Identity((Identifier("CRM", "other"),), CRM.contact)

    talk.tell(owes.identity(), refusing("IDENTITY"))
    talk.tell(owes.identity(new))
    end = talk.tell(replace(owes.order(SHOES), identity=new))

    assert isinstance(end, Finished)
    assert talk.types == ["IDENTITY", "IDENTITY", "ORDER_CHECKOUT"]


def test_a_refused_identity_is_asked_again_when_it_is_owed_again() -> None:
    """So a person who has mended the tenant's rules can replay it, and then the order."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    talk.tell(owes.identity(), refusing("IDENTITY"))
    talk.tell(owes.identity())
    end = talk.tell(owes.order(SHOES))

    assert isinstance(end, Finished)


def test_an_equal_identity_is_not_sent_again() -> None:
    """Sitecore has it."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    talk.tell(owes.identity())
    end = talk.tell(owes.identity())

    assert talk.types == ["IDENTITY"]
    assert isinstance(end, Finished)
    assert end.skipped == "identity_accepted"


OTHER = Identity((Identifier("CRM", "other"),), CRM.contact)


def test_an_order_of_another_identity_is_not_held_by_a_refused_one() -> None:
    """It brings its own."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    talk.tell(owes.identity(), refusing("IDENTITY"))
    end = talk.tell(replace(owes.order(SHOES), identity=OTHER))

    assert isinstance(end, Finished)


def test_an_order_of_another_identity_says_it_first() -> None:
    """What was accepted under this browser id is out of date."""
    talk, owes = Talk(policy_of(Protocol.SINGLE)), Owes()

    talk.tell(owes.identity())
    talk.tell(replace(owes.order(SHOES), identity=OTHER))

    assert talk.types == ["IDENTITY", "IDENTITY", "ORDER_CHECKOUT"]


def test_the_owner_of_an_order_is_named_again_when_it_is_another() -> None:
    """Once a session, and once a person."""
    named = Contact(title="Ms", first_name="Ada", last_name="Byron")
    old = policy(shop(protocol=Protocol.MULTIPLE, data_model=DataModel.V2_0))
    talk, owes = Talk(old), Owes()
    first_order = replace(owes.order(SHOES), identity=CRM._replace(contact=named))
    second = replace(owes.order(SHOES, order_id="2"), identity=OTHER._replace(contact=named))

    talk.tell(first_order, refusing("CHECKOUT"))
    talk.tell(second)

    assert talk.types.count("ADD_CONTACTS") == 2
