# pkbench with MLflow and DVC, as a user without rights, in /project:
#
#   docker build -t pkbench .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/project" pkbench run specs/table1.toml
FROM python:3.12-slim

# A C compiler for the native engine (compiled at the first run), git for DVC and for the commit in records.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev git && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/pkbench
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY pkbench pkbench
RUN pip install --no-cache-dir --constraint constraints.txt '.[mlflow,dvc]'

RUN useradd --create-home researcher
USER researcher
WORKDIR /project
# Data, calibrations and the compiled engine outlive the container, whoever the user is.
ENV XDG_CACHE_HOME=/project/.cache
ENTRYPOINT ["pkbench"]
CMD ["--help"]
