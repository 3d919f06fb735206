"""Reference-based evaluation of translations and summaries; needs the extra `evaluate`."""
