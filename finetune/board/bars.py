"""Small bars inside tables: the evidence of a duel against the line it must reach, and a share of a whole."""

from competitions.competition import Competition
from finetune.board.drawing import Scale
from finetune.board.figures import needed, power
from finetune.board.markup import Html, tag

_WIDTH, _HEIGHT = 170.0, 16.0
_ROOM = 1.2  # how far the bar reaches beyond its outer lines


def evidence_words(strength: float, competition: Competition) -> str:
    """The bar in words: evidence for the challenger against what the seat takes, or against it, or for nobody."""
    if not strength:
        return "none either way"
    if strength < 0:
        return f"{power(-strength)} against it"
    return f"{power(strength)} of {power(needed(competition.judge.alpha))}"


def evidence_bar(strength: float, competition: Competition) -> Html:
    """Evidence in bits from the middle: to the right for the challenger up to the seat's line, to the left against it.

    The right line is 1/alpha, the left one 1/stop_alpha, where a challenger is stopped.
    """
    seat, stop = needed(competition.judge.alpha), needed(competition.judge.stop_alpha)
    x = Scale(low=-stop * _ROOM, high=seat * _ROOM, start=1, end=_WIDTH - 1)
    zero, reach = x(0), x(strength)
    return tag(
        "svg",
        tag("rect", x=1, y=5, width=_WIDTH - 2, height=6, rx=3, class_="track"),
        tag(
            "rect",
            x=min(zero, reach),
            y=4,
            width=abs(reach - zero),
            height=8,
            class_="against" if strength < 0 else "for",
        ),
        tag("line", x1=zero, x2=zero, y1=2, y2=14, class_="zero"),
        tag("line", x1=x(-stop), x2=x(-stop), y1=2, y2=14, class_="limit"),
        tag("line", x1=x(seat), x2=x(seat), y1=0, y2=16, class_="goal"),
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        role="img",
        aria_label=f"evidence {evidence_words(strength, competition)}",
        class_="evidence",
    )


def share_bar(part: float) -> Html:
    """A share of a whole; the figure stands beside it."""
    x = Scale(low=0, high=1, start=0, end=100)
    return tag(
        "svg",
        tag("rect", x=0, y=2, width=100, height=6, rx=3, class_="track"),
        tag("rect", x=0, y=2, width=x(part), height=6, rx=3, class_="for"),
        viewBox="0 0 100 10",
        role="img",
        aria_label=f"{part:.1%} of the whole",
        class_="share",
    )
