"""Output for a person at a terminal: colours, tables, columns, progress, grouped warnings.

Everything here is used only where ``terminal.console`` returns a console. Other output is
plain text, which scripts read and which does not depend on this room.
"""
