# ciphertool in a container; docs/installing.md says how to run it. The final stage has no pip and no build tools, runs as
# a user without privileges, and works with a read-only root filesystem.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY ciphertool ciphertool
COPY share share
RUN python -m venv --without-pip /opt/ciphertool \
    && python -m pip --python /opt/ciphertool/bin/python install --no-cache-dir --only-binary :all: .

FROM python:${PYTHON}-slim
RUN python -m pip uninstall --yes pip \
    && useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ciphertool
COPY --from=build /opt/ciphertool /opt/ciphertool
ENV PATH=/opt/ciphertool/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["ciphertool"]
CMD ["--help"]
