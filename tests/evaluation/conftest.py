"""Puts the question bank on the path, as `__main__` does."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "question_bank"))
