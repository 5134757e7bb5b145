"""What the two pure cores decide by, made of the settings."""

from collections.abc import Mapping
from dataclasses import fields
from uuid import UUID, uuid5

from pipeline.assemble import fact_codec
from pipeline.config import PointOfSaleSettings, Settings
from pipeline.errors import ConfigError
from pipeline.orders.policy import OrderPolicy
from pipeline.sitecore import line_codec
from pipeline.sitecore.answers import with_own
from pipeline.sitecore.point_of_sale import PointOfSale
from pipeline.sitecore.policy import DeliveryPolicy

_APPLICATIONS = UUID("6d0f0f4e-6c0a-4c3e-9a35-5f0d1f6f2c11")
"""Name space of applications. Fixed: a change of it would rename every delivery."""


def application_id(settings: Settings) -> UUID:
    """Name this installation: deliveries of two applications never share an id."""
    return uuid5(_APPLICATIONS, settings.application)


def order_policy(settings: Settings) -> OrderPolicy:
    """Say what the assembler decides by.

    Raises:
        ConfigError: No point of sale is configured, so every event would be refused.
    """
    assemble = settings.assemble
    return OrderPolicy(
        points_of_sale=_points_of_sale(settings),
        application=application_id(settings),
        line_codec=line_codec,
        fact_codec=fact_codec,
        identity_wait_s=assemble.identity_wait_s,
        payment_wait_s=assemble.payment_wait_s,
        lines_wait_s=assemble.lines_wait_s,
        order_wait_s=assemble.order_wait_s,
        repeat_horizon_s=assemble.repeat_horizon_s,
        cart_horizon_s=assemble.cart_horizon_s,
        order_age_max_days=settings.sitecore.order_age_max_days,
        guest_idle_days=assemble.guest_idle_days,
    )


def delivery_policy(settings: Settings) -> DeliveryPolicy:
    """Say what the deliverer decides by.

    Raises:
        ConfigError: No point of sale is configured, so nothing could be said.
    """
    deliver = settings.deliver
    return DeliveryPolicy(
        points_of_sale=_points_of_sale(settings),
        backoff_first_s=deliver.backoff_first_s,
        backoff_max_s=deliver.backoff_max_s,
        give_up_after_s=deliver.give_up_after_s,
        tries_max=deliver.tries_max,
        unknown_tries_max=deliver.unknown_tries_max,
        retry_after_max_s=deliver.retry_after_max_s,
        behaviour_age_max_s=deliver.behaviour_age_max_s,
        order_age_max_days=settings.sitecore.order_age_max_days,
        browser_ids=settings.sitecore.browser_ids,
        answers=with_own(tuple(answer.rule() for answer in settings.sitecore.answers)),
    )


def _points_of_sale(settings: Settings) -> Mapping[str, PointOfSale]:
    points = settings.sitecore.points_of_sale
    if not points:
        raise ConfigError(
            "`sitecore.points_of_sale` is empty, so every event would be refused: "
            "name the points of sale of the tenant"
        )
    return {point.name: _point_of_sale(point) for point in points}


def _point_of_sale(point: PointOfSaleSettings) -> PointOfSale:
    """Copy field by field: both sides have the same names, which a test keeps so."""
    return PointOfSale(**{field.name: getattr(point, field.name) for field in fields(PointOfSale)})
