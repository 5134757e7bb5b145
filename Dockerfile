# The program alone: no build tool, no cache, nothing that is written while it runs.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
WORKDIR /src

# Dependencies have a layer of their own, which stays as long as the lock file does.
COPY requirements.lock ./
RUN python -m venv --without-pip /opt/pipeline
RUN python -m pip --python /opt/pipeline/bin/python install --no-compile --require-hashes -r requirements.lock

COPY requirements-build.lock ./
RUN python -m venv --without-pip /opt/build
RUN python -m pip --python /opt/build/bin/python install --require-hashes -r requirements-build.lock

COPY pyproject.toml README.md ./
COPY avro ./avro
COPY pipeline ./pipeline
RUN /opt/build/bin/python -m hatchling build -t wheel -d /src/dist
RUN python -m pip --python /opt/pipeline/bin/python install --no-compile --no-deps --no-index dist/*.whl

# Compiled here, since nothing can be written later; without times, which a copy may change.
RUN /opt/pipeline/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/pipeline/lib


FROM python:${PYTHON}-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="commerce-to-sitecore" \
      org.opencontainers.image.description="Carries commerce orders from Kafka into Sitecore CDP" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/pipeline /opt/pipeline
ENV PATH=/opt/pipeline/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /opt/pipeline
EXPOSE 9464
# The program itself is process 1, so that it hears SIGTERM.
ENTRYPOINT ["/opt/pipeline/bin/pipeline"]
CMD ["run"]
