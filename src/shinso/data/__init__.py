"""The data store: where a set comes from, checksums, readers of standard formats.

Imports no numpy: readers are imported when a set is opened.
"""

from shinso.data.store import check, describe, list_sets, open_data

__all__ = ["check", "describe", "list_sets", "open_data"]
