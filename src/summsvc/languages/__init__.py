"""Language data, one TOML file per language, and the code that loads it."""
