"""Damage done on purpose: kills, truncations, dead servers, hostile files; and what was lost by it."""
