"""The reference centre over real sockets and real mutual TLS."""
