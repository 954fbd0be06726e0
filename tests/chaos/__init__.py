"""The chaos suite: a monitor and all that it depends on, with faults at random while blocks and reorganisations go on.

In: a seed, from which the plan follows (`plan`). Out: what the plan broke of the promises (`promises`), hopefully
nothing. `python -m chaos --help` runs many seeds, `test_chaos` a few.
"""
