# Sourced by scripts/sbom and scripts/audit. Makes an environment with summsvc and exactly
# what requirements/server.txt names, and sets LOCKED to it.
LOCKED=$PWD/.cache/locked

locked=$(cat requirements/server.txt requirements/build.txt src/summsvc/__init__.py | sha256sum)
if [ ! -f "$LOCKED/.installed" ] || [ "$(cat "$LOCKED/.installed")" != "$locked" ]; then
  echo "making the environment in ${LOCKED#"$PWD"/} ..." >&2
  "${PYTHON3:-python3.11}" -m venv --clear "$LOCKED"
  "$LOCKED/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --require-hashes --requirement requirements/server.txt --requirement requirements/build.txt
  "$LOCKED/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation .
  "$LOCKED/bin/python" -m pip check
  "$LOCKED/bin/python" -m pip uninstall --quiet --yes setuptools pip
  printf '%s' "$locked" > "$LOCKED/.installed"
fi
