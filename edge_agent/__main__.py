"""`python -m edge_agent` is the command `edge-agent`."""

from edge_agent.commands import main

if __name__ == "__main__":
    raise SystemExit(main())
