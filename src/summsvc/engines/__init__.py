"""Sequence-to-sequence engines (CTranslate2, transformers), tokenization and length limits."""
