"""What a policy says of a position: the likeliest moves."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shinso.core.artifact import Artifact
from shinso.core.errors import UserError
from shinso.core.predictor import Prediction, Predictor
from shinso.core.recipe import Options
from shinso.data.locate import files_below
from shinso.data.sgf import read_game
from shinso.go.board import COLOURS, Board
from shinso.go.coordinates import gtp_name, gtp_point
from shinso.go.policy.recipe import GoSpec, PolicyOptions
from shinso.go.positions import Positions
from shinso.go.replay import replay

RECORD = ".sgf"

Input = Board | Path | str  # a position, or the file of a record


@dataclass(frozen=True)
class NextMoves(Prediction):
    """The likeliest moves in a position, by name, with their probabilities; none where nothing but
    a pass is legal. `moves` were made before."""

    size: int
    moves: int
    to_play: str
    candidates: tuple[tuple[str, float], ...]
    board: tuple[str, ...]  # drawn, a line each

    def __str__(self) -> str:
        drawn = [[*line] for line in self.board]
        lines = [f"{self.to_play} to play, move {self.moves + 1}"]
        for mark, (name, probability) in zip(ascii_lowercase, self.candidates, strict=False):
            row, column = divmod(gtp_point(name, self.size), self.size)
            drawn[row + 1][2 * column + 3] = mark
            lines.append(f"  {mark}  {name:4}{probability:7.1%}")
        if not self.candidates:
            lines.append("  pass")
        return "\n".join(["".join(line) for line in drawn] + lines)


class PolicyPredictor(Predictor[Input, NextMoves]):
    """Called with a board or the file of a record. Subclasses say what networks are shown."""

    network_name: ClassVar[str]
    options: PolicyOptions

    def __init__(self, artifact: Artifact, options: Options | None = None) -> None:
        super().__init__(artifact, options)
        assert isinstance(artifact.spec, GoSpec)
        self.spec = artifact.spec

    @property
    def sizes(self) -> tuple[int, ...] | None:
        """Lines of the boards that it answers for; None: of any."""
        return (self.spec.size,)

    @abstractmethod
    def shown(self, positions: Positions) -> Tensor:
        """What the network sees of positions (N, ...)."""

    def logits(self, positions: Positions) -> NDArray[np.float32]:
        """(N, size * size) of the points, whether legal or not."""
        network = self.artifact.network(self.network_name)
        firsts = range(0, len(positions), self.batch_size)
        batches = [positions[first : first + self.batch_size] for first in firsts]
        return torch.cat([network(self.shown(batch))[0].float() for batch in batches]).numpy()

    def probabilities(
        self, board: Board, points: Sequence[int], temperature: float = 1.0
    ) -> NDArray[np.float64]:
        """(P,) of these points among themselves."""
        logits = self.logits(Positions.of([board]))[0, list(points)].astype(np.float64)
        powers = np.exp((logits - logits.max()) / temperature)
        return powers / powers.sum()

    def read(self, argument: str) -> Iterator[tuple[str, Input]]:
        path = Path(argument)
        files = files_below(path, (RECORD,)) if path.is_dir() else [path]
        if not files:
            raise UserError(f"{path} holds no game record ({RECORD})")
        for file in files:
            yield str(file), file

    def predict(self, inputs: Sequence[Input]) -> list[NextMoves]:
        return [self._next_moves(item) for item in inputs]

    def _next_moves(self, item: Input) -> NextMoves:
        board = item if isinstance(item, Board) else self._position(Path(item))
        points = np.flatnonzero(board.legal_moves()[:-1])
        likeliest: list[tuple[str, float]] = []
        if points.size:
            probabilities = self.probabilities(board, points.tolist())
            order = np.argsort(-probabilities, kind="stable")[: self.options.top]
            likeliest = [
                (gtp_name(int(points[i]), board.size), float(probabilities[i])) for i in order
            ]
        return NextMoves(
            board.size,
            len(board.history),
            COLOURS[board.to_play],
            tuple(likeliest),
            tuple(str(board).splitlines()),
        )

    def _position(self, file: Path) -> Board:
        """After a record's moves, or as many of them as the options say."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UserError(f"{file}: {(error.strerror or str(error)).lower()}") from error
        game, moves = read_game(content, str(file)), self.options.moves
        if moves is not None and moves > len(game.moves):
            raise UserError(f"{file} has {len(game.moves)} moves, fewer than --moves {moves}")
        return replay(game, str(file), moves)
