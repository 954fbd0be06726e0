"""The pages that `scripts/docs.py` makes of the code, a module each: Markdown out."""
