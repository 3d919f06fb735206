"""Conversion of hub-layout checkpoints to CTranslate2, and verification of the result."""
