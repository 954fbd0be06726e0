"""Delivery: everyone who is to be told of alerts is told, each by a courier of its own, until it is acknowledged.

In come changes of alerts from the stored outbox; out go requests to Alertmanager, webhooks and notification services.
At least once: what was sent, but not acknowledged before a fault or a restart, is sent again.
"""
