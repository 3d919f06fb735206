# Sourced by the other scripts. Makes the project's own environment in .venv
# when it lacks something that pyproject.toml and constraints.txt ask for, and
# sets BIN and PYTHON to it. EXTRAS names the extras to install, comma separated.
VENV=${SUMMSVC_VENV:-$PWD/.venv}
BIN=$VENV/bin
PYTHON=$BIN/python
EXTRAS=${EXTRAS-dev,torch}

stamp=$VENV/.installed${EXTRAS:+-$EXTRAS}
wanted=$( { pwd; cat pyproject.toml constraints.txt; } | sha256sum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  echo "making the environment in ${VENV#"$PWD"/} ..." >&2
  [ -x "$PYTHON" ] || "${PYTHON3:-python3.11}" -m venv "$VENV"
  # Most modules of torch and Ray are never imported, so they are not compiled here.
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-compile \
    --constraint constraints.txt --editable ".${EXTRAS:+[$EXTRAS]}"
  printf '%s' "$wanted" > "$stamp"
fi
