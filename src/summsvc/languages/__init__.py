"""Language data: abbreviations, noise lines, numerals, names, stop words and stemmers."""
