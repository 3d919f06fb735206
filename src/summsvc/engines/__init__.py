"""Whatever turns text into other text: extractive, ctranslate2, transformers."""
