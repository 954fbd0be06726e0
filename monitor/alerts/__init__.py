"""Alerts: evaluates rules on metrics and events after each block and periodically, and delivers the alerts.

In: updates from the hub, rules, the clock. Out: pending, firing and resolved alerts, stored before they are delivered.
"""
