"""Where settings come from, which one wins, and what is said of a wrong one."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import Settings, load, show
from pipeline.errors import ConfigError

SECRET = "s3cr3t-value"  # noqa: S105 — what must never be seen


def loaded(
    tmp_path: Path,
    text: str = "",
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Settings:
    """Load a file, an environment and a directory of secrets."""
    file = tmp_path / "pipeline.yaml"
    file.write_text(text)
    directory = tmp_path / "secrets"
    directory.mkdir(exist_ok=True)
    for name, value in (secrets or {}).items():
        (directory / name).write_text(value)
    return load(file, {"PIPELINE_SECRETS_DIR": str(directory), **(environment or {})})


def refused(
    tmp_path: Path,
    text: str = "",
    environment: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> str:
    """Load what is wrong, and give the message."""
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, text, environment, secrets)
    return str(error.value)


def test_without_anything_the_defaults_hold() -> None:
    """A first look needs no file."""
    assert load(None, {}) == Settings()


def test_the_environment_wins_over_the_file_and_a_secret_file_over_both(tmp_path: Path) -> None:
    """Each origin overrides single settings of the one before and keeps the rest."""
    settings = loaded(
        tmp_path,
        "server: {host: 127.0.0.1, port: 1}\nkafka: {bootstrap_servers: 'file:1'}",
        {"PIPELINE_SERVER__PORT": "2", "PIPELINE_KAFKA__BOOTSTRAP_SERVERS": "env:1"},
        {"kafka__bootstrap_servers": "secret:1\n"},
    )

    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 2)
    assert settings.kafka.bootstrap_servers == "secret:1"


def test_lists_and_mappings_come_from_the_environment_as_json(tmp_path: Path) -> None:
    """Points of sale can be set where there is no file."""
    settings = loaded(
        tmp_path,
        environment={
            "PIPELINE_TOPICS__COMMERCE": '["a", "b"]',
            "PIPELINE_SITECORE__POINTS_OF_SALE": '[{"name": "shop", "protocol": "single"}]',
        },
    )

    assert settings.topics.commerce == ("a", "b")
    assert settings.sitecore.points_of_sale[0].name == "shop"


def test_secret_files_reach_properties_with_dots_in_their_names(tmp_path: Path) -> None:
    """A mounted secret names its files as librdkafka names its properties."""
    url = {"PIPELINE_REGISTRY__URL": "https://registry"}
    names = ("kafka__secrets__sasl.password", "registry__secrets__bearer.auth.token")
    settings = loaded(tmp_path, environment=url, secrets=dict.fromkeys(names, SECRET))

    assert settings.kafka.secrets["sasl.password"].get_secret_value() == SECRET
    assert settings.registry is not None
    assert settings.registry.secrets["bearer.auth.token"].get_secret_value() == SECRET


def test_a_secret_volume_of_kubernetes_is_read(tmp_path: Path) -> None:
    """Its files are links into a hidden directory, which holds no settings of its own."""
    hidden = tmp_path / "secrets" / "..2026_01_31"
    hidden.mkdir(parents=True)
    (hidden / "sitecore__client_key").write_text(SECRET)
    (tmp_path / "secrets" / "..data").symlink_to(hidden.name)
    (tmp_path / "secrets" / "sitecore__client_key").symlink_to("..data/sitecore__client_key")

    key = loaded(tmp_path).sitecore.client_key

    assert key is not None
    assert key.get_secret_value() == SECRET


def test_yaml_words_mean_what_people_mean(tmp_path: Path) -> None:
    """Older YAML turns Norwegian into false, a time into a date, and 2.0 into a number."""
    settings = loaded(
        tmp_path,
        """
        assemble: {start_at: 2026-01-31T00:00:00Z}
        sitecore:
          points_of_sale:
            - {name: 'on', language: no, data_model: 2.0, protocol: multiple}
        """,
    )

    assert settings.sitecore.points_of_sale[0].language == "no"
    assert settings.sitecore.points_of_sale[0].data_model == "2.0"
    assert settings.assemble.start_at == "2026-01-31T00:00:00Z"


UNKNOWN: tuple[tuple[str, dict[str, str], dict[str, str], str], ...] = (
    (
        "sitecore: {endpiont: x}",
        {},
        {},
        "unknown setting `sitecore.endpiont`; did you mean `endpoint`?",
    ),
    ("servre: {}", {}, {}, "unknown setting `servre`; did you mean `server`?"),
    ("server: {zzz: 1}", {}, {}, "unknown setting `server.zzz`; known are `host`, `port`"),
    (
        "sitecore: {points_of_sale: [{name: a, protcol: single}]}",
        {},
        {},
        "unknown setting `sitecore.points_of_sale[0].protcol`; did you mean `protocol`?",
    ),
    ("", {"PIPELINE_SITECORE__CLIENTKEY": SECRET}, {}, "PIPELINE_SITECORE__CLIENTKEY"),
    (
        "",
        {"PIPELINE_SITECORE_CLIENT_KEY": SECRET},
        {},
        "names no setting; did you mean `PIPELINE_SITECORE__CLIENT_KEY`?",
    ),
    ("", {"PIPELINE_ZZZ": SECRET}, {}, "`PIPELINE_ZZZ` names no setting; remove it"),
    ("", {}, {"sitecore_client_key": SECRET}, "did you mean `sitecore__client_key`?"),
    ("", {}, {"sitecore__clientkey": SECRET}, "did you mean `client_key`?"),
)


@pytest.mark.parametrize(("text", "environment", "secrets", "message"), UNKNOWN)
def test_an_unknown_name_is_refused_with_the_one_that_was_meant(
    tmp_path: Path, text: str, environment: dict[str, str], secrets: dict[str, str], message: str
) -> None:
    """A misspelt setting that is ignored is a default that nobody chose."""
    said = refused(tmp_path, text, environment, secrets)

    assert message in said
    assert SECRET not in said


def test_what_kubernetes_adds_for_services_is_not_a_setting(tmp_path: Path) -> None:
    """A service named `pipeline` or `pipeline-kafka` puts such variables into every pod."""
    links = {
        "PIPELINE_SERVICE_HOST": "10.0.0.1",
        "PIPELINE_SERVICE_PORT_HTTP": "9464",
        "PIPELINE_PORT": "tcp://10.0.0.1:9464",
        "PIPELINE_PORT_9464_TCP_ADDR": "10.0.0.1",
        "PIPELINE_KAFKA_SERVICE_PORT": "9092",
    }

    assert loaded(tmp_path, environment=links) == Settings()


WRONG: tuple[tuple[str, str], ...] = (
    ("deliver: {lease_s: 31}", "must be less than `kafka.session_timeout_s` (45)"),
    ("deliver: {drain_s: 45}", "`deliver.drain_s` + 20 (65) must be less than `server.grace_s`"),
    ("deliver: {request_timeout_s: 20}", "`request_timeout_s` (20) must be less than `drain_s`"),
    ("deliver: {backoff_first_s: 61}", "`backoff_first_s` is more than `backoff_max_s`"),
    ("deliver: {give_up_after_s: 1209600}", "`topics.stream_events_retention_days` (14)"),
    ("assemble: {guest_idle_days: 30}", "must be more than `sitecore.order_age_max_days` (30)"),
    ("assemble: {start_at: yesterday}", "write `earliest`, or a time with its zone"),
    ("assemble: {start_at: 2026-01-31T00:00:00}", "write `earliest`, or a time with its zone"),
    ("assemble: {batch_max: -3}", "`assemble.batch_max` should be greater than 0; found `-3`"),
    ("topics: {commerce: [a, a]}", "`a` is named twice"),
    ("topics: {commerce: []}", "`topics.commerce`"),
    ("topics: {commerce: a}", "should be a list"),
    ("topics: {deliveries: dead-letters}", "`dead-letters` is named twice"),
    ("topics: {deliveries: 'a b'}", "found `a b`"),
    ("rekey: {sources: [a], target: b}", "`rekey.target` (b) must be one of `topics.commerce`"),
    ("rekey: {sources: [deliveries], target: commerce-events}", "`rekey.sources` names `deliver"),
    ("rekey: {sources: [a, a], target: commerce-events}", "`rekey.sources` names `a`"),
    ("rekey: {sources: [], target: commerce-events}", "`rekey.sources`"),
    ("rekey: {sources: [a], target: commerce-events, start_at: x}", "write `earliest`, or a time"),
    ("topics: nothing", "`topics` should be a mapping"),
    ("sitecore: {points_of_sale: [{name: a, data_model: 2.0}]}", "set `protocol: multiple`"),
    ("sitecore: {points_of_sale: [{name: a}, {name: a}]}", "the point of sale `a` is there twice"),
    ("sitecore: {points_of_sale: [{}]}", "`sitecore.points_of_sale[0].name` is missing"),
    ("sitecore: {points_of_sale: [{name: a, session_timeout_s: 30}]}", "`session_margin_s`"),
    ("sitecore: {client_key: a, client_key_file: b}", "are both set: keep one"),
    ("sitecore: {certificate_key_file: a}", "is the key of no certificate: remove it"),
    ("sitecore: {endpoint: api}", "`sitecore.endpoint` should be a valid URL"),
    ("kafka: {client: {sasl.password: s3cr3t-value}}", "move it to `kafka.secrets`"),
    ("registry: {}", "`registry.url` is missing"),
    ("registry: {url: 'http://u:s3cr3t-value@r'}", "set `user` and `password` instead"),
    ("registry: {url: 'http://r', user: a}", "set both or neither"),
    ("log_level: verbose", "should be 'debug', 'info', 'warning' or 'error'; found `verbose`"),
)


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_value_is_refused_with_its_key_and_what_to_do(
    tmp_path: Path, text: str, message: str
) -> None:
    """It stops before anything is consumed, and a person can mend it at once."""
    said = refused(tmp_path, text)

    assert message in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "line 1, column 5"),
        ("server: {port: 1}\nserver: {port: 2}", "line 2, column 1: the key `server` stands twice"),
        ("- a", "write `name: value` lines"),
        ("1: a", "write `name: value` lines"),
        ("sitecore: {client_key: *s3cr3t-value}", "line 1, column 24"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_with_the_place(
    tmp_path: Path, text: str, message: str
) -> None:
    """The place is said, and nothing of what stands there: it may be a secret."""
    said = refused(tmp_path, text)

    assert message in said
    assert SECRET not in said


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    """A mistyped path must not mean the defaults."""
    with pytest.raises(ConfigError, match=r"absent\.yaml: No such file"):
        load(tmp_path / "absent.yaml", {})
    (tmp_path / "latin.yaml").write_bytes(b"application: \xe9")
    with pytest.raises(ConfigError, match="byte 13 is not UTF-8"):
        load(tmp_path / "latin.yaml", {})


def test_a_secrets_directory_that_is_absent_is_refused(tmp_path: Path) -> None:
    """A secret that was not mounted must not look like a secret that is not needed."""
    with pytest.raises(ConfigError, match="PIPELINE_SECRETS_DIR"):
        load(None, {"PIPELINE_SECRETS_DIR": str(tmp_path / "absent")})


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    """Mending settings one start at a time is a waste of a person's day."""
    said = refused(tmp_path, "log_level: a\nserver: {port: -1, hots: b}")

    assert len(said.splitlines()) == 3


def test_the_origin_of_a_wrong_value_is_said(tmp_path: Path) -> None:
    """With three origins, the key alone does not tell what to mend."""
    assert "(in PIPELINE_SERVER__PORT)" in refused(
        tmp_path, "server: {port: 1}", {"PIPELINE_SERVER__PORT": "http"}
    )
    assert "pipeline.yaml)" in refused(tmp_path, "server: {port: http}")
    assert "secrets/server__port)" in refused(tmp_path, secrets={"server__port": "http"})


def test_secrets_are_starred_when_settings_are_shown() -> None:
    """What is printed ends in tickets and logs."""
    settings = load(
        None,
        {
            "PIPELINE_SITECORE__CLIENT_KEY": SECRET,
            "PIPELINE_SITECORE__PROXY": f"http://user:{SECRET}@proxy:3128",
            "PIPELINE_KAFKA__SECRETS": f'{{"sasl.password": "{SECRET}"}}',
            "PIPELINE_REGISTRY": f'{{"url": "http://r", "user": "u", "password": "{SECRET}"}}',
        },
    )

    shown = show(settings)

    assert SECRET not in shown
    assert SECRET not in repr(settings.sitecore.client_key)
    assert shown.count("**********") == 4


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    """The effective settings are a file that one can start from."""
    settings = loaded(tmp_path, "sitecore: {points_of_sale: [{name: a, item_types: [X, Y]}]}")
    file = tmp_path / "shown.yaml"

    file.write_text(show(settings))

    assert load(file, {}) == settings


@given(
    st.recursive(
        st.just(SECRET) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["password", "secrets", "x"]), inner, max_size=2)
        ),
        max_leaves=4,
    ),
    st.sampled_from(
        ["sitecore.client_key", "kafka.secrets", "kafka", "registry", "registry.password", "nosuch"]
    ),
)
def test_no_wrong_shape_brings_a_secret_into_a_message(
    tmp_path_factory: pytest.TempPathFactory, value: object, key: str
) -> None:
    """However a secret is misplaced around where secrets stand, the message does not hold it."""
    file = tmp_path_factory.mktemp("shape") / "pipeline.yaml"
    tree: object = value
    for name in reversed(key.split(".")):
        tree = {name: tree}
    file.write_text(yaml.safe_dump(tree))

    try:
        shown = show(load(file, {}))
    except ConfigError as error:
        shown = str(error)

    assert SECRET not in shown


def test_a_schema_describes_every_section() -> None:
    """Editors check a settings file by it."""
    schema = Settings.model_json_schema()

    assert schema["additionalProperties"] is False
    assert schema["$defs"]["SitecoreSettings"]["properties"]["endpoint"]["description"]
