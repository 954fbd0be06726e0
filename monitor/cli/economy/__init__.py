"""The concentration of the AI economy: as a table, and newer editions of its sources."""
