"""How the rollout policy's table of weights is laid out, a row a feature of a move. See
`shinso.go.alphago_rollout.patterns`."""

AROUND_ROWS = RESPONSE_ROWS = 1 << 16  # patterns share them by a hash
KINDS = 3  # of places: near, diagonal, far
SMALLEST_NAKADE, LARGEST_NAKADE = 3, 6  # stones taken; more count as the largest

NOTHING, ILLEGAL = 0, 1  # no such feature; a point where there is no legal move
PLACE = 2
SAVE = PLACE + KINDS
NAKADE = SAVE + 1  # by stones taken, and by 0 to 4 of them beside the move
AROUND = NAKADE + 5 * (LARGEST_NAKADE - SMALLEST_NAKADE + 1)
RESPONSE = AROUND + AROUND_ROWS
ROWS = RESPONSE + RESPONSE_ROWS

FEATURES = 5  # that a move may have: around, response, place, save, nakade
