"""What is signed, chained, kept: the promises of evidence.md as a user could see them."""
