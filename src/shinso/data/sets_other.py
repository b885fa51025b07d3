"""The catalogue of data sets: sums, symbols, speech and Go.

Sizes and checksums are of the files at their homes; see `entry`.
"""

from __future__ import annotations

from shinso.data.entry import DataSetEntry, SourceFile

_FSDD = (
    "https://codeload.github.com/Jakobovski/free-spoken-digit-dataset/zip/"
    "26eb9aaf76e81b692f806f9140c2d2777410d7a1"
)
_KGS = (
    "https://raw.githubusercontent.com/godmoves/Standard_Computer_Go_Dataset/"
    "28d56a062c62/KGS_6d_190000"
)
_GO_SPLITS = "train 90% of the games, valid 5%, test 5%, by a hash of the moves"

SETS = (
    DataSetEntry(
        name="addition",
        kind="addition",
        title="sums of two numbers below 128, bit by bit",
        licence="none: made by arithmetic",
        may_ship_weights=True,
        splits="train 90% of the 16,384 pairs, valid 10%, test all of them",
        reader="shinso.data.built_in:read_addition",
    ),
    DataSetEntry(
        name="copying",
        kind="copying",
        title="symbols to remember over a distance and to write down in their order",
        licence="none: drawn at random",
        may_ship_weights=True,
        splits="train without end, valid 1,000, test 1,000; no sequence is in two of them",
        home="https://arxiv.org/abs/1511.06464",
        reader="shinso.data.built_in:read_copying",
    ),
    DataSetEntry(
        name="fsdd",
        kind="speech",
        title="Free Spoken Digit Dataset: 3,000 recordings, 6 speakers, 8 kHz",
        licence="CC BY-SA 4.0",
        may_ship_weights=True,
        splits="test: takes 0 to 4 (300), train: takes 5 to 49 (2,700)",
        home="https://github.com/Jakobovski/free-spoken-digit-dataset",
        attribution="Z. Jackson et al.: Free Spoken Digit Dataset",
        files=(
            SourceFile(
                "fsdd_recordings.zip",
                16_217_533,
                content="baa3a6dcf4da47fb3075bec71a8cefb512022cb9ae030a79a31b315f37bc67af",
                members=r"recordings/\d_[a-z]+_\d+\.wav$",
                url=_FSDD,
            ),
        ),
    ),
    DataSetEntry(
        name="go_9x9",
        kind="games",
        title="Go on 9 x 9: 10,268 games of servers and professionals, 2,412 of self-play (SGF)",
        licence="MIT",
        may_ship_weights=True,
        attribution="the game records of github.com/michaelnny/alpha_zero",
        splits=_GO_SPLITS,
        home="https://github.com/michaelnny/alpha_zero",
        reader="shinso.data.games:read_archives",
        files=(
            SourceFile(
                "cgos_9x9.tar.xz",
                1_114_772,
                sha256="416575bf5e8c3dd5b5d2b8b3a5f5b166203fe134c5ea1c16c3b56d03c78dc91d",
            ),
            SourceFile(
                "alphazero_selfplay_9x9.tar.xz",
                166_284,
                sha256="00269eba6da0f26585e5774f5f79a64a727747163eaaf1940fe2c9596559f84f",
                optional=True,
            ),
        ),
    ),
    DataSetEntry(
        name="go_19x19",
        kind="games",
        title=("Go on 19 x 19: 12,778 strong games of the KGS server, 7,259 of engines (SGF)"),
        licence="none stated",
        may_ship_weights=False,
        splits=_GO_SPLITS,
        home="https://github.com/godmoves/Standard_Computer_Go_Dataset",
        note="One record of the engines' is refused: it has a handicap of 7.5 stones.",
        reader="shinso.data.games:read_archives",
        files=(
            SourceFile(
                "KGS-2015-19-8133-.tar.gz",
                3_169_443,
                sha256="7ec22917c0fad371e9776e9bcea0985ee1613a69327903c05ae10408d2e40eeb",
                url=f"{_KGS}/KGS-2015-19-8133-.tar.gz",
            ),
            SourceFile(
                "KGS-2017_01-19-733-.tar.gz",
                331_900,
                sha256="981df493104dfe27ed779309493fe884280c21a1956f098809cae9904b633d9c",
                url=f"{_KGS}/KGS-2017_01-19-733-.tar.gz",
            ),
            SourceFile(
                "KGS-2017_02-19-525-.tar.gz",
                234_968,
                sha256="60c2ac54ca5434943b67ee6cebe2cc2363c096ac4d4e4bf918da196517eac366",
                url=f"{_KGS}/KGS-2017_02-19-525-.tar.gz",
            ),
            SourceFile(
                "KGS-2017_03-19-717-.tar.gz",
                326_873,
                sha256="53cac5a701fdfbdbdbfcce2c68917c606818bb4813f31381576349f36447a8d3",
                url=f"{_KGS}/KGS-2017_03-19-717-.tar.gz",
            ),
            SourceFile(
                "KGS-2017_04-19-913-.tar.gz",
                385_551,
                sha256="d5d47c05f188b7d62c9fd4a0701e28cd9b0ae7dff113229899f3a6cd77602918",
                url=f"{_KGS}/KGS-2017_04-19-913-.tar.gz",
            ),
            SourceFile(
                "KGS-2017_05-19-847-.tar.gz",
                386_453,
                sha256="7299823ebbde45fd69098ee5c7b6e9b4aa509947da1653973ca494d27163ba42",
                url=f"{_KGS}/KGS-2017_05-19-847-.tar.gz",
            ),
            SourceFile(
                "KGS-2017_06-19-910-.tar.gz",
                401_243,
                sha256="a5b70ec642c15f0553f839275bb98a2317b24e1ef3e73909e81c22474aae41bc",
                url=f"{_KGS}/KGS-2017_06-19-910-.tar.gz",
            ),
            SourceFile(
                "ai_games.tar.xz",
                1_624_268,
                sha256="671aafb1dae840e899d6d0c3396d9b882f84f8f6c871a2dcb5525e101c78b24d",
                optional=True,
            ),
        ),
    ),
    DataSetEntry(
        name="uct_7x7",
        kind="games",
        title="120 games of Go on 7 x 7, which tree search played against itself",
        licence="none: played by shinso's own uct",
        may_ship_weights=True,
        splits=_GO_SPLITS,
        reader="shinso.data.built_in:read_uct_games",
    ),
)
