"""The article of a web page: main content, facts of the page."""
