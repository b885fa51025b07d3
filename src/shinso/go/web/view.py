"""What the page is told of a game, as plain values; points are numbers, row by row."""

from __future__ import annotations

from typing import Any

from shinso.go.engine import Candidate
from shinso.go.rules import BLACK, WHITE
from shinso.go.web.session import Opinion, Session

MOST_CANDIDATES = 40  # that are told; what comes after has hardly been looked at


def state_of(id: str, session: Session) -> dict[str, Any]:
    board, game = session.board, session.game
    opinion = session.opinion
    return {
        "game": id,
        "size": board.size,
        "komi": board.komi,
        "handicap": game.handicap,
        "engine": session.engine,
        "black": " ".join(filter(None, (game.black, game.black_rank))),
        "white": " ".join(filter(None, (game.white, game.white_rank))),
        "date": game.date,
        "stones": board.stones.ravel().tolist(),
        "to_play": board.to_play,
        "captures": [board.captures[BLACK], board.captures[WHITE]],
        "ko": board.ko,
        "shown": session.shown,
        "moves": len(game.moves),
        "last": board.history[-1][1] if board.history else None,
        "comment": game.comments.get(session.shown, ""),
        "finished": board.finished,
        "result": game.result if session.at_end else "",
        "waits_for_engine": session.waits_for_engine,
        "thinking": None if session.thought is None else {"plays": session.thought.plays},
        "trouble": session.trouble,
        "opinion": None if opinion is None else _told(opinion),
        "curve": _curve(session),
    }


def _told(opinion: Opinion) -> dict[str, Any]:
    return {
        "visits": opinion.visits,
        "win_rate": opinion.win_rate,
        "candidates": [_candidate(each) for each in opinion.candidates[:MOST_CANDIDATES]],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "point": candidate.point,
        "visits": candidate.visits,
        "win_rate": round(candidate.win_rate, 4),
        "prior": round(candidate.prior, 4),
        "line": list(candidate.line),
    }


def _curve(session: Session) -> list[tuple[int, float]]:
    """Black's win rate by the number of moves before, where it is known."""
    first = session.game.first
    movers = [colour for colour, _ in session.game.moves]
    movers.append(3 - movers[-1] if movers else first)
    known = dict(session.opinions)
    if session.opinion is not None:
        known[session.shown] = session.opinion
    return [
        (number, round(rate if movers[number] == BLACK else 1 - rate, 4))
        for number, rate in sorted((n, each.win_rate) for n, each in known.items())
        if rate is not None
    ]
