# The action's image: one static binary beside the dbt that it runs.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY internal internal
ARG VERSION=dev
# minicore_disabled: the Snowflake driver brings a shared library that a static
# binary cannot load.
RUN CGO_ENABLED=0 go build -trimpath -tags minicore_disabled \
      -ldflags "-s -w -X main.version=${VERSION}" -o /dbt-tally .

FROM python:3.12-slim-bookworm
# git is what dbt deps fetches packages with.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git=1:2.39.* \
 && rm -rf /var/lib/apt/lists/*
COPY scripts/requirements/image.txt /opt/dbt/requirements.txt
# Bytecode halves dbt's start, which a container pays at every run.
RUN pip install --no-cache-dir --root-user-action ignore uv==0.13.9 \
 && uv venv --no-cache /opt/dbt/env \
 && uv pip sync --no-cache --compile-bytecode --python /opt/dbt/env/bin/python /opt/dbt/requirements.txt
ENV PATH=/opt/dbt/env/bin:$PATH
COPY --from=build /dbt-tally /usr/local/bin/dbt-tally
# No USER: GitHub runs container actions as root, and another user could not
# write to the mounted workspace.
# https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
ENTRYPOINT ["/usr/local/bin/dbt-tally"]
