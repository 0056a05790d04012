"""Scenarios: reading the text, checking it, and playing it onto the wire."""
