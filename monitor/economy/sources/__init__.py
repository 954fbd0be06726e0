"""The sources, one file each: where an edition is, and how its bytes become observations."""
