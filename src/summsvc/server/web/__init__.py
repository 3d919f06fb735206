"""The web page on which people try the service in a browser, and the HTTP calls that it makes."""
