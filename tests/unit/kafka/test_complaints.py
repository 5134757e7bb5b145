"""Which setting a complaint of a Kafka client is about; the texts were recorded on Kafka 4.1."""

import pytest

from pipeline.kafka.complaints import look_at, reasons

AT = "sasl_ssl://127.0.0.1:30362/bootstrap: "
TIMES = " (after 360ms in state AUTH_REQ)"
VERIFY = "SSL handshake failed: error:0A000086:SSL routines::certificate verify failed"
ALERT = "Receive failed: error:0A000412:SSL routines::ssl/tls alert"


SCRAM = "SASL authentication error: Authentication failed during authentication due to invalid "
TOKEN = "Failed to acquire SASL OAUTHBEARER token: "  # noqa: S105 — no token
CLOSED = "SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a "
HANDSHAKE = "SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism"


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        (f"{SCRAM}credentials with SASL mechanism SCRAM-SHA-512", "`sasl.password`"),
        ("SASL authentication error: Invalid username or password", "`sasl.password`"),
        (f"{HANDSHAKE}: broker's supported mechanisms: PLAIN", "`sasl.mechanism`"),
        ('SASL authentication error: {"status":"invalid_token"}', "`sasl.oauthbearer.scope`"),
        (f'{TOKEN}{{"error": "invalid_client"}}', "`sasl.oauthbearer.client.secret`"),
        (f"{TOKEN}SSL certificate OpenSSL verify result: 20", "`https.ca.location`"),
        (f"{VERIFY}: broker certificate could not be verified", "`ssl.ca.location`"),
        (f"{ALERT} bad certificate: SSL alert number 42", "`ssl.certificate.location`"),
        (f"{ALERT} certificate unknown: SSL alert number 46", "`ssl.certificate.location`"),
        (f"{CLOSED}PLAINTEXT broker listener?", "`security.protocol`"),
        ("Failed to resolve 'kafka:9092': Name or service not known", "`kafka.bootstrap_servers`"),
        ("Connect to ipv4#127.0.0.1:1 failed: Connection refused", "the network"),
    ],
)
def test_the_setting_is_named(text: str, setting: str) -> None:
    """OpenSSL's numbers tell nobody at night where to look."""
    said = look_at(f"{AT}{text}{TIMES}")

    assert setting in (said or "")


def test_what_is_about_no_setting_names_none() -> None:
    """A broker that restarts is no reason to change a password."""
    assert look_at("broker1:9092/1: Disconnected (after 3000ms in state UP)") is None


def test_one_reason_is_said_once_whatever_time_it_took() -> None:
    """A client tries several times a second."""
    texts = [f"{AT}SASL authentication error: no (after {ms}ms in state AUTH_REQ)" for ms in (3, 4)]

    (said,) = reasons([*texts, "1/1 brokers are down"])

    assert said.startswith("SASL authentication error: no; look at `sasl.username`")


def test_silence_is_said_to_be_a_listener_of_another_kind() -> None:
    """Which is all that a plain client hears of a listener for TLS."""
    (said,) = reasons(["0/2 brokers are down"])

    assert "`security.protocol`" in said
