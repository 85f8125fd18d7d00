"""The demo company: rows drawn like anyone's raw files, and when they are made. Refreshes and asks nothing."""

from data.demo.upkeep import CONTACTS, FEWEST, FOLDER, SEED, is_due, make
from data.demo.write import generate

__all__ = ["CONTACTS", "FEWEST", "FOLDER", "SEED", "generate", "is_due", "make"]
