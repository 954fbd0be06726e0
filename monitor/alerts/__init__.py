"""Alerts: rules over what is published and what happens, evaluated after each block and by the clock, and delivered.

In come the hub's updates, the user's rules and the clock; out come alerts that pend, fire and resolve, stored before
anybody is told.
"""
