"""Checkpoints in the hub layout converted to CTranslate2, and verified."""
