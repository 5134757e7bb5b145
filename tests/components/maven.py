"""Fetches Java programs by their Maven coordinates into the cache, once a machine."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]

KAFKA = "4.1.1"
APICURIO = "3.0.9"

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>components</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>{kafka}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""


class MissingToolError(Exception):
    """A program that a component needs is not installed; the message says what to install."""


def cache() -> Path:
    """Where components lie: ``COMPONENTS_CACHE``, or ``.cache`` of the repository."""
    folder = Path(os.environ.get("COMPONENTS_CACHE") or _REPOSITORY / ".cache")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def require_java() -> str:
    """Find Java.

    Raises:
        MissingToolError: It is not installed.
    """
    java = shutil.which("java")
    if java is None:
        raise MissingToolError("Java is absent: install a Java 17 runtime, such as openjdk-17-jre")
    return java


def kafka_jars() -> Path:
    """Fetch Kafka, and return the folder of its jars.

    Raises:
        MissingToolError: Java or Maven is not installed.
    """
    require_java()
    folder = cache() / f"kafka-{KAFKA}"
    with once(folder) as absent:
        if absent:
            _copy_jars(folder)
    return folder


def kafka_tools() -> str:
    """Fetch the tools that come with Kafka, and return the class path to run them by.

    Raises:
        MissingToolError: Java or Maven is not installed.
    """
    jars = kafka_jars()
    folder = cache() / f"kafka-tools-{KAFKA}"
    with once(folder) as absent:
        if absent:
            scratch = _scratch(folder)
            _copy_artifact(f"org.apache.kafka:kafka-tools:{KAFKA}", scratch)
            scratch.rename(folder)
    return f"{folder}/*:{jars}/*"


def apicurio_home() -> Path:
    """Fetch Apicurio Registry, and return the folder of its runner.

    Raises:
        MissingToolError: Java or Maven is not installed.
    """
    require_java()
    folder = cache() / f"apicurio-{APICURIO}"
    with once(folder) as absent:
        if absent:
            _unpack_apicurio(folder)
    return folder


def built(project: Path) -> Path:
    """Build a project of sources, and return the folder of its jars and of those it needs.

    It is built anew when a source changes; the project puts all jars into ``target/lib``.

    Raises:
        MissingToolError: Java or Maven is not installed.
    """
    require_java()
    sources = [project / "pom.xml", *sorted((project / "src").rglob("*.*"))]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    folder = cache() / f"{project.name}-{digest[:12]}"
    with once(folder) as absent:
        if absent:
            _package(project, folder)
    return folder


@contextlib.contextmanager
def once(folder: Path) -> Iterator[bool]:
    """Hold the folder's lock, so that of several processes one fetches and the others wait."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not folder.exists()


def _copy_jars(folder: Path) -> None:
    project = _scratch(folder)
    (project / "pom.xml").write_text(_POM.format(kafka=KAFKA))
    _maven("-f", str(project / "pom.xml"), "dependency:copy-dependencies", "-DoutputDirectory=jars")
    (project / "jars").rename(folder)
    shutil.rmtree(project)


def _unpack_apicurio(folder: Path) -> None:
    scratch = _scratch(folder)
    artifact = f"io.apicurio:apicurio-registry-app:{APICURIO}:tar.gz:all"
    _copy_artifact(artifact, scratch)
    archive = next(scratch.glob("*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(scratch / "unpacked", filter="data")
    (scratch / "unpacked").rename(folder)
    shutil.rmtree(scratch)


def _copy_artifact(artifact: str, folder: Path) -> None:
    """Copy one file, without what it needs."""
    _maven("dependency:get", f"-Dartifact={artifact}", "-Dtransitive=false")
    _maven("dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")


def _package(project: Path, folder: Path) -> None:
    scratch = _scratch(folder)
    shutil.copytree(project, scratch, dirs_exist_ok=True)
    _maven("-f", str(scratch / "pom.xml"), "package")
    (scratch / "target" / "lib").rename(folder)
    shutil.rmtree(scratch)


def _scratch(folder: Path) -> Path:
    scratch = folder.with_suffix(".partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    return scratch


def _maven(*arguments: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingToolError(
            "Maven is absent: install Maven 3.8 or newer, such as Debian's maven"
        )
    done = subprocess.run(
        [maven, "-q", "-B", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"mvn {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
