"""XML from strangers as a tree, within limits.  No DTD, so no entities of their own and nothing fetched from anywhere.

Names are taken without their prefix: real instruments use prefixes they never declare, which strict readers refuse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat  # no DTD is let through, which is what makes it unsafe with strangers

from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded

BYTES_MAX = 8 * 1024 * 1024     # what can be kept and sent with a record (words.blob)
DEPTH_MAX = 40                  # N42 needs 10
NODES_MAX = 200_000             # a spectroscopic portal's passage has some thousands


@dataclass(slots=True)
class Node:
    name: str                                           # without its prefix
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def all(self, name: str) -> Iterator[Node]:
        """Children of this name."""
        return (child for child in self.children if child.name == name)

    def first(self, *names: str) -> Node | None:
        """The node at the end of this way down."""
        node: Node | None = self
        for name in names:
            node = next(node.all(name), None) if node is not None else None
        return node

    def below(self, name: str) -> Iterator[Node]:
        """Every node of this name at any depth, in the order of the document."""
        stack = [*reversed(self.children)]
        while stack:
            node = stack.pop()
            if node.name == name:
                yield node
            stack.extend(reversed(node.children))

    def say(self, *names: str) -> str | None:
        """Its text, or that of the node at the end of the way; None where there is none."""
        node = self.first(*names)
        text = "" if node is None else " ".join(node.text.split())
        return text or None


def read(data: bytes) -> Node:
    """The root; EvidenceError says why there is none."""
    if len(data) > BYTES_MAX:
        raise EvidenceError(worded(
            "{size} bytes; a document of an instrument has at most {most}",
            size=len(data), most=BYTES_MAX))
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = builder.start, builder.end, builder.text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as problem:      # LookupError: an encoding nobody knows
        raise EvidenceError(worded("not well-formed XML: {problem}", problem=str(problem)[:200])) from None
    if builder.root is None:
        raise EvidenceError(worded("an empty document"))
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._nodes = 0

    def doctype(self, *_: object) -> None:
        raise EvidenceError(worded("it has a document type (DTD), which no instrument's document needs"))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1
        if self._nodes > NODES_MAX or len(self._open) >= DEPTH_MAX:
            raise EvidenceError(worded(
                "more than {nodes} elements, or more than {most} inside each other",
                nodes=NODES_MAX, most=DEPTH_MAX))
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, name: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._open[-1].text += text


def _local(name: str) -> str:
    return name.rpartition(":")[2]
