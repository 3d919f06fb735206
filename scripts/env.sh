# Sourced by the other scripts: makes the project's own environment in .venv
# when it is missing or older than what pyproject.toml and constraints.txt ask
# for, and sets BIN and PYTHON to it. EXTRAS names the extras to install.
VENV=${SUMMSVC_VENV:-.venv}
BIN=$PWD/$VENV/bin
PYTHON=$BIN/python
EXTRAS=${EXTRAS:-dev,torch}

stamp=$VENV/.installed
wanted=$(printf '%s\n' "$EXTRAS" | cat - pyproject.toml constraints.txt | sha256sum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  [ -x "$PYTHON" ] || "${PYTHON3:-python3.11}" -m venv "$VENV"
  "$PYTHON" -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable ".[$EXTRAS]"
  printf '%s' "$wanted" > "$stamp"
fi
