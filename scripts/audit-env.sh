# Sourced by scripts/lock, scripts/audit and scripts/sbom. Makes an environment
# with the tools of the extra `audit` and nothing else, and sets AUDIT to its bin.
AUDIT_VENV=${SUMMSVC_AUDIT_VENV:-$PWD/.cache/audit}
AUDIT=$AUDIT_VENV/bin

locked=$(sha256sum < requirements/audit.txt)
if [ ! -f "$AUDIT_VENV/.installed" ] || [ "$(cat "$AUDIT_VENV/.installed")" != "$locked" ]; then
  echo "making the environment in ${AUDIT_VENV#"$PWD"/} ..." >&2
  "${PYTHON3:-python3.11}" -m venv --clear "$AUDIT_VENV"
  "$AUDIT/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --require-hashes --requirement requirements/audit.txt
  printf '%s' "$locked" > "$AUDIT_VENV/.installed"
fi
