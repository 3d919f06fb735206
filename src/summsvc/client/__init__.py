"""Typed clients, blocking and asyncio."""
