"""Directed graphs: what is in a circle, and in which order the rest comes. Linear in size."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)
Graph = Mapping[Node, Collection[Node]]


def components(graph: Graph[Node]) -> list[list[Node]]:
    """Return the sets of nodes that reach each other, each after all that it leads to.

    Tarjan's algorithm, without recursion: chains of thousands of resources are fine.
    """
    number: dict[Node, int] = {}
    low: dict[Node, int] = {}
    waiting: dict[Node, None] = {}  # a stack that knows what is on it
    found: list[list[Node]] = []
    for root in graph:
        if root in number:
            continue
        number[root] = low[root] = len(number)
        waiting[root] = None
        way: list[tuple[Node, Iterator[Node]]] = [(root, iter(graph[root]))]
        while way:
            node, following = way[-1]
            entered = _enter(following, node, number, low, waiting)
            if entered is not None:
                way.append((entered, iter(graph.get(entered, ()))))
                continue
            way.pop()
            if way:
                above = way[-1][0]
                low[above] = min(low[above], low[node])
            if low[node] == number[node]:
                found.append(_popped(waiting, node))
    return found


def shortest_circle(graph: Graph[Node], within: Iterable[Node]) -> list[Node]:
    """Return a shortest way from a node of ``within``, a component, back to itself.

    The node is listed at both ends. Looked for from the first node only: any circle will do,
    the shortest through one node is short enough to be read.
    """
    inside = set(within)
    start = min(inside, key=str)
    before: dict[Node, Node] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for other in graph.get(node, ()):
            if other == start:
                return [start, *_way_back(before, node, start), start]
            if other in inside and other not in before:
                before[other] = node
                queue.append(other)
    raise ValueError(f"{start} is in no circle")


def _enter(
    following: Iterator[Node],
    node: Node,
    number: dict[Node, int],
    low: dict[Node, int],
    waiting: dict[Node, None],
) -> Node | None:
    """Return the next node that was not seen yet, having noted those that were."""
    for other in following:
        if other not in number:
            number[other] = low[other] = len(number)
            waiting[other] = None
            return other
        if other in waiting:
            low[node] = min(low[node], number[other])
    return None


def _popped(waiting: dict[Node, None], root: Node) -> list[Node]:
    members = []
    while True:
        node, _ = waiting.popitem()
        members.append(node)
        if node == root:
            return members


def _way_back(before: Mapping[Node, Node], node: Node, start: Node) -> list[Node]:
    way = []
    while node != start:
        way.append(node)
        node = before[node]
    return way[::-1]
