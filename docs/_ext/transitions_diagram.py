"""A picture of the table of moves, drawn as SVG from the table itself.

Fifty arrows would be a tangle. So statuses stand in groups, and where every status of a group can make a move, one
arrow leaves the group's frame; where it can reach every status of another group, it ends at that frame. ``arrows``
never says more or less than the table: ``spelled_out`` gives the table back, and a test compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from html import escape

Pair = tuple[str, str]

# Name, statuses from left to right, and the place of the frame: left edge and top edge.
GROUPS: tuple[tuple[str, tuple[str, ...], int, int], ...] = (
    ("Getting ready", ("created", "download_software_clicked", "ready_to_start"), 60, 20),
    ("Under way", ("started", "ready_to_submit"), 276, 150),
    ("Over", ("completed", "timed_out", "submitted"), 60, 280),
    ("In review", ("second_review_required",), 382, 410),
    ("Decided", ("verified", "rejected"), 276, 540),
    ("Not taken", ("declined", "expired"), 780, 85),
    ("Gone wrong", ("error",), 780, 310),
)
STACKED = {"Not taken"}
ASIDE = {"declined", "expired", "error"}
WIDTH, HEIGHT = 1010, 640
NODE_W, NODE_H, GAP, PAD, HEAD = 198, 30, 18, 14, 24
# Many arrows end here, and need room.
TALL = {"Gone wrong": 120}


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    w: float
    h: float

    def side(self, side: str, share: float) -> tuple[float, float]:
        """The point on a side, ``share`` of the way along it."""
        match side:
            case "top":
                return self.x + self.w * share, self.y
            case "bottom":
                return self.x + self.w * share, self.y + self.h
            case "left":
                return self.x, self.y + self.h * share
        return self.x + self.w, self.y + self.h * share


def members(unit: str) -> tuple[str, ...]:
    """The statuses that a group's or a status's name stands for."""
    return next((statuses for name, statuses, *_ in GROUPS if name == unit), (unit,))


def arrows(moves: Collection[Pair]) -> list[Pair]:
    """The moves as few arrows, from and to groups where that is true of every status in them."""
    left, drawn = set(moves), []
    names = [name for name, statuses, *_ in GROUPS if len(statuses) > 1]
    statuses = [status for _, of_group, *_ in GROUPS for status in of_group]
    for starts, ends in ((names, names), (names, statuses), (statuses, names), (statuses, statuses)):
        for start in starts:
            for end in ends:
                meant = {(a, b) for a in members(start) for b in members(end)}
                if start != end and meant <= left:
                    left -= meant
                    drawn.append((start, end))
    if left:
        raise ValueError(f"These statuses have no place in the diagram: {sorted(left)}")
    return drawn


def spelled_out(drawn: Iterable[Pair]) -> set[Pair]:
    """The moves that the arrows stand for."""
    return {(a, b) for start, end in drawn for a in members(start) for b in members(end)}


def svg(moves: Collection[Pair]) -> str:
    drawn = arrows(moves)
    boxes = dict(_boxes())
    return "\n".join(
        [
            f'<svg class="moves" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="moves-title moves-desc">',
            '<title id="moves-title">The moves of an attempt</title>',
            '<desc id="moves-desc">Every move is written out in the table below.</desc>',
            *_frames(boxes),
            *_edges(drawn, boxes),
            "</svg>",
        ]
    )


def _boxes() -> Iterator[tuple[str, Box]]:
    for name, statuses, x, y in GROUPS:
        columns, rows = (1, len(statuses)) if name in STACKED else (len(statuses), 1)
        height = TALL.get(name, NODE_H)
        yield (
            name,
            Box(
                x,
                y,
                2 * PAD + columns * NODE_W + (columns - 1) * GAP,
                HEAD + rows * height + (rows - 1) * GAP + PAD,
            ),
        )
        for place, status in enumerate(statuses):
            column, row = (0, place) if name in STACKED else (place, 0)
            yield (
                status,
                Box(x + PAD + column * (NODE_W + GAP), y + HEAD + row * (height + GAP), NODE_W, height),
            )


def _frames(boxes: dict[str, Box]) -> Iterator[str]:
    for name, statuses, *_ in GROUPS:
        frame = boxes[name]
        yield f'<rect class="group" x="{frame.x}" y="{frame.y}" width="{frame.w}" height="{frame.h}" rx="8"/>'
        yield f'<text class="group" x="{frame.x + PAD}" y="{frame.y + 16}">{escape(name)}</text>'
        for status in statuses:
            box = boxes[status]
            yield f'<rect class="status" x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}" rx="5"/>'
            middle, base_line = box.x + box.w / 2, box.y + box.h / 2 + 4
            yield f'<text x="{middle}" y="{base_line}" text-anchor="middle">{escape(status)}</text>'


def _group_of(unit: str) -> str:
    return next(name for name, statuses, *_ in GROUPS if unit == name or unit in statuses)


def _sides(start: str, end: str, boxes: dict[str, Box]) -> tuple[str, str]:
    a, b = boxes[start], boxes[end]
    if _group_of(start) == _group_of(end):
        if abs(a.x - b.x) <= NODE_W + GAP:
            return ("right", "left") if a.x < b.x else ("left", "right")
        return "bottom", "bottom"
    if b.x >= a.x + a.w:
        return "right", "left"
    if a.x >= b.x + b.w:
        return "left", "right"
    between = [
        name
        for name, *_ in GROUPS
        if name not in (_group_of(start), _group_of(end))
        and min(a.y, b.y) < boxes[name].y < max(a.y, b.y)
        and boxes[name].x < a.x + a.w
    ]
    if between:
        return "left", "left"
    return ("bottom", "top") if a.y < b.y else ("top", "bottom")


def _edges(drawn: list[Pair], boxes: dict[str, Box]) -> Iterator[str]:
    sides = {pair: _sides(*pair, boxes) for pair in drawn}
    # What ends on one side of a box is spread along it, in the order of the other ends.
    on_side: dict[tuple[str, str], list[tuple[float, Pair, bool]]] = defaultdict(list)
    for pair, (out_of, into) in sides.items():
        for unit, other, side, leaves in ((pair[0], pair[1], out_of, True), (pair[1], pair[0], into, False)):
            far = boxes[other]
            along = far.x + far.w / 2 if side in ("top", "bottom") else far.y + far.h / 2
            on_side[unit, side].append((along, pair, leaves))
    points: dict[tuple[Pair, bool], tuple[float, float]] = {}
    for (unit, side), ends in on_side.items():
        # A pair of arrows there and back is told apart by its names, the same at both ends, so that they do not cross.
        for place, (_, pair, leaves) in enumerate(sorted(ends, key=lambda end: (end[0], end[1]))):
            points[pair, leaves] = boxes[unit].side(side, (place + 1) / (len(ends) + 1))
    for pair, (out_of, into) in sides.items():
        yield from _edge(pair, points[pair, True], points[pair, False], out_of, into)


def _edge(pair: Pair, start: tuple[float, float], end: tuple[float, float], out_of: str, into: str) -> Iterator[str]:
    away = {"top": (0, -1), "bottom": (0, 1), "left": (-1, 0), "right": (1, 0)}
    (x1, y1), (x2, y2) = start, end
    if out_of == into:
        reach: float = 26 if into == "bottom" else 120
    else:
        reach = max(12, min(60, (abs(x1 - x2) + abs(y1 - y2)) / 3))
    (dx1, dy1), (dx2, dy2) = away[out_of], away[into]
    # The line stops where the tip begins.
    xe, ye = x2 + 7 * dx2, y2 + 7 * dy2
    kind = " aside" if set(members(pair[1])) & ASIDE or set(members(pair[0])) & ASIDE else ""
    yield (
        f'<path class="edge{kind}" d="M{x1:.1f} {y1:.1f} C{x1 + reach * dx1:.1f} {y1 + reach * dy1:.1f} '
        f'{xe + reach * dx2:.1f} {ye + reach * dy2:.1f} {xe:.1f} {ye:.1f}">'
        f"<title>{escape(pair[0])} → {escape(pair[1])}</title></path>"
    )
    yield (
        f'<path class="tip{kind}" d="M{x2:.1f} {y2:.1f} L{xe - 4 * dy2:.1f} {ye + 4 * dx2:.1f} '
        f'L{xe + 4 * dy2:.1f} {ye - 4 * dx2:.1f} Z"/>'
    )
