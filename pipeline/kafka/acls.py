"""Rights as Kafka keeps them: one ACL each, looked for and added."""

from collections.abc import Collection
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from pipeline.errors import ConfigError, ForbiddenError, PipelineError, UnavailableError
from pipeline.kafka import verdict
from pipeline.kafka.rights import Kind, Right

_ANSWER_S: Final = 30.0
_EVERYWHERE: Final = "*"
_KINDS: Final = {
    Kind.TOPIC: ResourceType.TOPIC,
    Kind.GROUP: ResourceType.GROUP,
    Kind.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
}


class Grant(NamedTuple):
    """A right of somebody."""

    principal: str
    right: Right


def existing(admin: AdminClient, wanted: Collection[Grant]) -> set[Grant]:
    """Find which of these are there, each as an ACL of its own.

    Raises:
        ConfigError: The brokers keep no ACLs.
        ForbiddenError: This client may not look.
        UnavailableError: No broker answered in time.
    """
    found: set[AclBinding] = set()
    for principal in dict.fromkeys(grant.principal for grant in wanted):
        future = admin.describe_acls(_all_of(principal), request_timeout=_ANSWER_S)
        try:
            found.update(future.result(_ANSWER_S + 1))
        except KafkaException as raised:
            raise _judged(raised, "looked at") from raised
        except TimeoutError as raised:
            raise UnavailableError("ACLs could not be looked at: no answer in time") from raised
    return {grant for grant in wanted if _binding(grant) in found}


def add(admin: AdminClient, grants: Collection[Grant]) -> None:
    """Grant rights; one that is there already stays as it is.

    Raises:
        ConfigError: The brokers keep no ACLs.
        ForbiddenError: This client may not grant.
        UnavailableError: No broker answered in time; those before may have been granted.
    """
    bindings = [_binding(grant) for grant in grants]
    asked = admin.create_acls(bindings, request_timeout=_ANSWER_S) if bindings else {}
    try:
        for future in asked.values():
            future.result(_ANSWER_S + 1)
    except KafkaException as raised:
        raise _judged(raised, "added") from raised
    except TimeoutError as raised:
        raise UnavailableError("ACLs could not be added: no answer in time") from raised


def _judged(raised: KafkaException, done: str) -> PipelineError:
    code = raised.args[0].code()
    if code == KafkaError.SECURITY_DISABLED:
        return ConfigError("the brokers have no authorizer: everybody may do everything")
    if code == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
        return ForbiddenError(
            f"ACLs may not be {done} by this client: it needs Describe on the cluster to look, and "
            "Alter to add"
        )
    return verdict.of_asking(raised, f"ACLs could not be {done}")


def _all_of(principal: str) -> AclBindingFilter:
    return AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # so it means any name
        ResourcePatternType.ANY,
        principal,
        _EVERYWHERE,
        AclOperation.ANY,
        AclPermissionType.ALLOW,
    )


def _binding(grant: Grant) -> AclBinding:
    right = grant.right
    return AclBinding(
        _KINDS[right.kind],
        right.name,
        ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL,
        grant.principal,
        _EVERYWHERE,
        AclOperation[right.operation.name],
        AclPermissionType.ALLOW,
    )
