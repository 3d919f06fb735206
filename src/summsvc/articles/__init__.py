"""Text in, segments out: cleaning, markup, sentences with offsets, language."""
