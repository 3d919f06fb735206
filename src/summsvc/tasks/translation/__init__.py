"""Translation of an article: retries, glossary, assembly."""
