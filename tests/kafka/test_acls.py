"""Rights on a broker that allows nothing by itself: those documented are enough, each is needed."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from pipeline.commerce.encode import encode
from pipeline.commerce.events import BrowserId
from pipeline.commerce.ndjson import format_event
from pipeline.config import Settings
from pipeline.errors import ForbiddenError
from pipeline.kafka import acls
from pipeline.kafka.acls import Grant
from pipeline.kafka.rights import (
    CREATE,
    DELETE,
    DESCRIBE,
    DESCRIBE_CONFIGS,
    READ,
    WRITE,
    Kind,
    Operation,
    Right,
    needed,
)
from pipeline.sandbox.running import RunningSandbox
from pipeline.sandbox.settings import SandboxSettings, Shop
from pipeline.sitecore.codec import encode_owed
from pipeline.sitecore.owed import Owed
from tests.components.reading import committed
from tests.components.secured import Secured
from tests.kafka.allowing import CLIENT_KEY, Guarded
from tests.kafka.buying import now, said
from tests.kafka.destination import Destination
from tests.kafka.setting_aside import until
from tests.unit.deliver.views import browser_of, view
from tests.unit.orders import story

pytestmark = pytest.mark.kafka

SOON_S = 30.0
"""A worker must end within it: much less than the test's limit, much more than it takes."""


@pytest.fixture(scope="module")
def destination() -> Iterator[Destination]:
    """Refuses whatever a page named `no` says, so that there are letters."""
    with Destination(say=lambda event: 400 if event.page == "no" else 201) as running:
        yield running


@pytest.fixture(scope="module")
def made(
    secured_kafka: Secured, destination: Destination, tmp_path_factory: pytest.TempPathFactory
) -> Guarded:
    """One installation with all its rights, of which tests take some and give them back."""
    return _installed(secured_kafka, destination, tmp_path_factory.mktemp("guarded"))


def _installed(kafka: Secured, destination: Destination, folder: Path) -> Guarded:
    """Grant every right, and make the topics."""
    guarded = Guarded(kafka, folder, sitecore={"endpoint": destination.address})
    assert guarded.grant().exit_code == 0
    guarded.topics_made()
    return guarded


def _every_right(*parts: str) -> list[object]:
    """Number the rights of parts; what they are named in a test follows from its settings."""
    rights = needed(Settings())
    return [
        pytest.param(part, number, id=f"{part}: {right}")
        for part in parts
        for number, right in enumerate(rights[part])
    ]


def _named(text: str) -> list[str]:
    """The lines that name a right."""
    lines = (line.removeprefix("pipeline: ").strip() for line in text.splitlines())
    return [line for line in lines if line.startswith("User:")]


def _order(guest: str, number: str, point_of_sale: str = "shop") -> str:
    """Lines for `pipeline publish`: a guest who is known buys."""
    order = replace(story.placed(3, number, story.line("shoes")), ordered_at=now())
    events = (said(story.identified(1), guest), said(order, guest))
    return "\n".join(format_event(replace(event, point_of_sale=point_of_sale)) for event in events)


def _done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def test_with_the_documented_rights_and_no_others_everything_works(
    secured_kafka: Secured, tmp_path: Path
) -> None:
    """The table would be of no use if one more were needed."""
    shop = SandboxSettings(client_key=CLIENT_KEY, shops={"shop": Shop()})
    with RunningSandbox(shop) as sandbox:

        def arrived() -> set[str]:
            return {order.reference_id for order in sandbox.sandbox.tenant.orders}

        made = Guarded(secured_kafka, tmp_path, sitecore={"endpoint": sandbox.url})
        _set_up(made)
        _publish(made, _order("ann", "1001"))
        _publish(made, _order("ben", "1002"), "--topic", made.source)
        with made.working("assemble", "deliver", "rekey"):
            until(lambda: arrived() >= {"1001", "1002"})
        _publish(made, _order("cleo", "1003", point_of_sale="nowhere"))
        _publish(made, _order("dan", "1004"))
        with made.working("assemble", "deliver"):
            until(lambda: "1004" in arrived() and len(_letters(made)) == 2)
            _operate(made)
        assert "2 partitions" in _done(made.command("operate", "reset", "--dry-run"))
        _done(made.command("operate", "reset", "--to", "earliest", "--yes"))
        with made.working("assemble", "deliver") as workers:
            for one in workers.values():
                one.wait_until_ready()


def _set_up(made: Guarded) -> None:
    states = [
        {one["state"] for one in json.loads(_done(made.grant("--output", "json")))["rights"]}
        for _ in range(2)
    ]
    assert states == [{"granted"}, {"there"}]
    made.source_made()
    assert _done(made.command("topics", "topics", "create")).count("created") == 5
    assert _done(made.command("topics", "topics", "compare")) == "as they should be\n"
    assert "failed" not in _done(made.command("topics", "check"))
    for part in ("assemble", "deliver", "rekey"):
        assert "lacks none" in _done(made.command(part, "check", "--worker", part))


def _publish(made: Guarded, lines: str, *arguments: str) -> None:
    _done(made.command("publish", "publish", *arguments, "-", stdin=lines))


def _operate(made: Guarded) -> None:
    assert "identity: yes" in _done(made.command("operate", "guest", "dan"))
    assert "replayed 2" in _done(made.command("operate", "dead-letters", "replay", "--yes"))
    # What was replayed is set aside again.
    until(lambda: len(_letters(made)) == 2)
    assert "discarded 2" in _done(made.command("operate", "dead-letters", "discard", "--yes"))
    _done(made.command("operate", "erase", "ann", "--yes"))
    until(lambda: "erased: yes" in _done(made.command("operate", "guest", "ann")))


def _letters(made: Guarded) -> Sequence[object]:
    listed = made.command("operate", "dead-letters", "list", "--output", "json")
    letters: Sequence[object] = json.loads(_done(listed))["letters"]
    return letters


@pytest.mark.parametrize(("part", "number"), _every_right("assemble", "deliver"))
def test_a_worker_that_lacks_a_right_names_it_and_does_not_begin(
    made: Guarded, part: str, number: int
) -> None:
    """It would look healthy, and some day not be able to set a record aside."""
    right = made.rights[part][number]
    is_told = right.kind is not Kind.TRANSACTIONAL_ID
    with made.without(part, right):
        ran = made.command(part, "run", part, "--port", "0")
        checked = made.command(part, "check", "--worker", part)

    verb = "lacks" if is_told else "needs"
    assert ran.exit_code == 77
    assert _named(ran.stderr) == [f"{made.principal(part)} {verb} {right}"]
    assert checked.exit_code == (77 if is_told else 0)
    assert _named(checked.stdout) == [f"{made.principal(part)} lacks {right}"] * is_told


@pytest.mark.parametrize(
    ("part", "name"), [("assemble", "guest-states"), ("deliver", "deliveries")]
)
def test_a_worker_that_may_not_restore_names_it_and_ends(
    made: Guarded, part: str, name: str
) -> None:
    """A partition may come to it long after it was started, and asked for its rights."""
    right = _right(made, part, READ, name)
    _talk_once(made, part, 0)
    with made.working(part):
        until(lambda: any(committed(made.secured.kafka.bootstrap, right.name)))

    with made.without(part, right), made.working(part) as again:
        error = again[part].ending(SOON_S)

    assert isinstance(error, ForbiddenError)
    assert _named(str(error)) == [f"{made.principal(part)} lacks {right}"]


# A worker that may not speak to its group cannot leave it, and the next one waits: this comes last.
REVOKED = [
    ("assemble", READ, "commerce"),
    ("assemble", WRITE, "stream-events"),
    ("assemble", WRITE, "assemble-"),
    ("assemble", READ, "assemble"),
    ("deliver", READ, "stream-events"),
    ("deliver", WRITE, "deliveries"),
    ("deliver", WRITE, "dead-letters"),
    ("deliver", READ, "deliver"),
]


@pytest.mark.parametrize(("part", "operation", "name"), REVOKED)
def test_a_worker_whose_right_is_taken_away_names_it_and_ends(
    made: Guarded, part: str, operation: Operation, name: str
) -> None:
    """To go on trying would look like an outage, and nobody would look at the ACLs."""
    right = _right(made, part, operation, name)
    with made.working(part) as workers:
        worker = workers[part]
        worker.wait_until_ready()
        with made.without(part, right):
            stop = threading.Event()
            talk = threading.Thread(target=_talk, args=(made, part, stop))
            talk.start()
            error = worker.ending(SOON_S)
            stop.set()
            talk.join()

    verb = "needs" if right.kind is Kind.TRANSACTIONAL_ID else "lacks"
    assert isinstance(error, ForbiddenError)
    assert _named(str(error)) == [f"{made.principal(part)} {verb} {right}"]


def _right(made: Guarded, part: str, operation: Operation, name: str) -> Right:
    wanted = (operation, f"{made.name}-{name}")
    (found,) = (right for right in made.rights[part] if (right.operation, right.name) == wanted)
    return found


def _talk(made: Guarded, part: str, stop: threading.Event) -> None:
    """Give a worker something to do, and something to set aside."""
    number = 0
    while not stop.wait(0.1):
        number += 1
        _talk_once(made, part, number)


def _talk_once(made: Guarded, part: str, number: int) -> None:
    for guest in (f"a{number}", f"b{number}"):
        if part == "assemble":
            seen = replace(story.viewed(1), browser_id=BrowserId(browser_of(guest)))
            made.say(made.commerce, guest, encode(said(seen, guest)))
        else:
            for owed in (view(guest, 1), _refused(guest)):
                made.say(made.topics["stream_events"], guest, encode_owed(owed))


def _refused(guest: str) -> Owed:
    owed = view(guest, 2)
    return replace(owed, context=owed.context._replace(page="no"))


COMMANDS = [
    ("topics", DESCRIBE, "deliveries", "topics compare"),
    ("topics", DESCRIBE_CONFIGS, "commerce", "check"),
    ("publish", WRITE, "commerce", "publish -"),
    ("operate", WRITE, "commerce", "erase ann --yes"),
    ("operate", DESCRIBE, "guest", "guest ann"),
    ("operate", READ, "dead-letters", "dead-letters list"),
    ("operate", WRITE, "replay", "dead-letters discard --yes"),
    ("operate", DESCRIBE_CONFIGS, "stream-events", "dead-letters replay --yes"),
    ("operate", WRITE, "reset", "reset --yes"),
    ("operate", READ, "assemble", "reset --yes"),
    ("operate", DELETE, "assemble", "reset --yes"),
    ("operate", DELETE, "deliver", "reset --yes"),
    ("operate", DELETE, "stream-events", "reset --yes"),
    ("operate", WRITE, "guest-states", "reset --yes"),
    ("operate", READ, "commerce", "reset --yes"),
]


@pytest.fixture(scope="module")
def operated(
    secured_kafka: Secured, destination: Destination, tmp_path_factory: pytest.TempPathFactory
) -> Guarded:
    """Another one, on which no worker runs: it has been reset once, and has a letter."""
    guarded = _installed(secured_kafka, destination, tmp_path_factory.mktemp("operated"))
    _done(guarded.command("operate", "reset", "--yes"))
    guarded.set_aside(view("ann", 1))
    return guarded


@pytest.mark.parametrize(("part", "operation", "name", "command"), COMMANDS)
def test_a_command_that_lacks_a_right_names_it(
    operated: Guarded, part: str, operation: Operation, name: str, command: str
) -> None:
    """Whoever has to ask for a right must be able to say which."""
    right = _right(operated, part, operation, name)
    with operated.without(part, right):
        result = operated.command(part, *command.split(), stdin=_order("ann", "1001"))

    verb = "needs" if right.kind is Kind.TRANSACTIONAL_ID else "lacks"
    assert result.exit_code == 77, result.output
    assert _named(result.output) == [f"{operated.principal(part)} {verb} {right}"]


def test_a_topic_that_may_not_be_made_is_named(secured_kafka: Secured, tmp_path: Path) -> None:
    """No broker tells what may be done to a topic that does not exist."""
    made = Guarded(secured_kafka, tmp_path)
    made.grant()
    right = _right(made, "topics", CREATE, "deliveries")
    with made.without("topics", right):
        result = made.command("topics", "topics", "create")

    assert result.exit_code == 77
    assert f"pipeline: {right}: Kafka does not allow it" in result.stderr


def test_nothing_is_granted_without_a_yes_or_by_anybody(
    secured_kafka: Secured, tmp_path: Path
) -> None:
    """Rights are what an attacker wants, and an operator must see them before they are there."""
    made = Guarded(secured_kafka, tmp_path)
    principal = made.principal("deliver")
    asked = ("topics", "--acls", "--principal", f"deliver={principal}")

    looked = made.command("super", *asked)
    tried = made.command("super", *asked, "--yes", "--dry-run")
    refused = made.command("deliver", *asked, "--yes")

    deliver = made.rights["deliver"]
    assert (looked.exit_code, looked.output.count("  missing  ")) == (0, len(deliver))
    assert looked.stderr == f"{len(deliver)} rights are missing; `--yes` grants them\n"
    assert tried.stdout == looked.stdout
    assert refused.exit_code == 77
    assert "it needs Describe on the cluster to look, and Alter to add" in refused.stderr
    wanted = [Grant(principal, right) for right in deliver]
    assert acls.existing(secured_kafka.kafka.admin, wanted) == set()
