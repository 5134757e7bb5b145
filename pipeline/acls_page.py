"""Writes the page of rights in Kafka: `python -m pipeline.acls_page docs`."""

import sys
from pathlib import Path

from pipeline.cli.acls import rights
from pipeline.config import RekeySettings, Settings

_PAGE = """# Rights in Kafka

On brokers with an authorizer each part of the program can be a user of its own that may do what
it does and nothing else. `pipeline topics --acls` says what that is, by your settings; this page
is written by `make docs` for the default ones, with a topic that `rekey` reads. Each line is one
ACL, for any host. Read, Write and Delete bring Describe along.

```
{rights}
```

## Grant them

As an administrator (Describe on the cluster to look, Alter to grant), with settings that name
your topics and the administrator's own user:

```
pipeline --config pipeline.yaml topics --acls \\
  --principal assemble=User:assemble --principal deliver=User:deliver \\
  --principal publish=User:shop --principal topics=User:setup --principal operate=User:oncall
```

says of each right whether it is there; with `--yes` it grants those that are missing, and
changes nothing else, so it can be repeated. `--principal User:pipeline` without a part is one
user for everything. What is there is looked for as an ACL of its own: one that a wider pattern
covers is named missing, and granting it does no harm. Nothing is ever taken away: a right that
you no longer need, such as that of a topic of another name, is removed by Kafka's own
`kafka-acls`.

- The chart's workers share `settings.kafka`. A user of its own is set for each in
  `assemble.settings.kafka.client`, and its password in `assemble.extraEnv`:
  `PIPELINE_KAFKA__SECRETS`, from a key of a Secret that holds `{{"sasl.password": "…"}}`. The
  setup Job takes `settings.kafka` and `workers.extraEnv`, for the user of `topics`. It grants
  nothing: that takes an administrator.
- A schema registry has rights of its own: the workers read schemas, `pipeline schemas register`
  writes.
- Brokers before 2.8 want IdempotentWrite on the cluster too, from deliver and from whoever
  publishes.

## When one is missing

A worker that says who it is (`security.protocol`) asks for its rights before it begins, and ends
with code 77 if the broker says that it lacks one; so it does when one is taken away while it
runs, as soon as it is needed. The message names each:

```
pipeline: Kafka does not allow assemble what it needs:
pipeline: User:assemble lacks Write on topic guest-states
pipeline: `pipeline topics --acls` says which rights each part needs, and grants them
```

`pipeline check --worker assemble`, with that worker's user, asks the same without starting it.
Brokers tell of topics and groups that exist; of a transactional id they tell only whoever uses
it, so that one is found at the start. `pipeline check` alone compares the topics, which takes
the rights of `topics`.
"""


def page() -> str:
    """Say what each part needs, and how it gets it."""
    rekey = RekeySettings(sources=("payments-by-order",), target="commerce-events")
    return _PAGE.format(rights=rights(Settings(rekey=rekey)))


if __name__ == "__main__":
    (Path(sys.argv[1]) / "acls.md").write_text(page())
