"""What the cores decide by is what was set."""

from dataclasses import fields

import pytest

from pipeline.assemble import fact_codec
from pipeline.config import PointOfSaleSettings, Settings, SitecoreSettings
from pipeline.errors import ConfigError
from pipeline.orders.policy import OrderPolicy
from pipeline.policies import application_id, delivery_policy, order_policy
from pipeline.sitecore import line_codec
from pipeline.sitecore.point_of_sale import PointOfSale

SET = Settings(
    application="shop",
    sitecore=SitecoreSettings(
        order_age_max_days=7,
        points_of_sale=(PointOfSaleSettings(name="a", language="de", session_margin_s=5),),
    ),
)


def test_a_point_of_sale_has_the_settings_that_the_cores_know() -> None:
    """A field of one that the other lacks would stay at its default in silence."""
    assert {field.name for field in fields(PointOfSale)} == set(PointOfSaleSettings.model_fields)
    assert order_policy(SET).points_of_sale["a"] == PointOfSale(
        "a", language="de", session_margin_s=5
    )


def test_both_cores_decide_by_what_is_set() -> None:
    """The age limit is one setting and two cores obey it."""
    assert order_policy(SET).order_age_max_days == 7
    assert delivery_policy(SET).order_age_max_days == 7
    assert delivery_policy(SET).points_of_sale == order_policy(SET).points_of_sale


def test_the_defaults_of_settings_and_policies_agree() -> None:
    """Tests of the cores run on the policies' defaults, users on those of the settings."""
    points = order_policy(SET).points_of_sale
    settings = SET.model_copy(
        update={"sitecore": SET.sitecore.model_copy(update={"order_age_max_days": 30.0})}
    )

    assert order_policy(settings) == OrderPolicy(
        points, application_id(SET), line_codec, fact_codec
    )
    assert delivery_policy(settings) == type(delivery_policy(SET))(points)


def test_an_application_keeps_its_name_for_ever() -> None:
    """Delivery ids are made of it: were it another after an update, replays would be doubles."""
    assert str(application_id(SET)) == "2a24fdb0-f147-5d3d-9857-c03cff02e44c"
    assert application_id(Settings()) != application_id(SET)


def test_no_point_of_sale_is_refused_before_anything_is_consumed() -> None:
    """Every event would be set aside."""
    for policy in (order_policy, delivery_policy):
        with pytest.raises(ConfigError, match=r"`sitecore\.points_of_sale` is empty"):
            policy(Settings())
