"""Writes the tables of README and docs anew from results/."""

from shinso.core.results import checkout_folder
from shinso.core.tables import pages, updated

checkout = checkout_folder()
assert checkout is not None, "run it in a checkout"
for page in pages(checkout):
    text = page.read_text(encoding="utf-8")
    if updated(text) != text:
        page.write_text(updated(text), encoding="utf-8")
        print(f"tables: {page.relative_to(checkout)} updated")
