"""Proof by attack and crash: campaigns over the evidence, each printing one row of a table (docs/attacks.md)."""
