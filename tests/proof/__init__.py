"""Five small learners of different kinds, which prove that one loop carries them all."""
