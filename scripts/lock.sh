#!/bin/sh
# Makes requirements.lock from pyproject.toml: what tests and demo need, at the newest versions that
# fit, for every Python from 3.11 and every platform, with hashes and without addresses.
set -eu
cd -P "$(dirname "$0")/.."

# uv keeps the pins of a file that is there unless told to upgrade, and a lock is never half-written.
trap 'rm -f requirements.lock.new' EXIT
.venv/bin/uv pip compile --quiet --upgrade pyproject.toml \
    --universal --python-version 3.11 --generate-hashes \
    --extra dev --extra export --extra compress --extra rl \
    --no-annotate --custom-compile-command "make lock" \
    --output-file requirements.lock.new > /dev/null
mv requirements.lock.new requirements.lock
echo "lock: requirements.lock holds $(grep -c '^[a-z0-9].*==' requirements.lock) packages"
