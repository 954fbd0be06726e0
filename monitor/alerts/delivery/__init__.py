"""Delivery of alerts: one worker per receiver sends each change until it is acknowledged.

In: changes of alerts from the stored queue. Out: requests to Alertmanager, webhooks and notification services.
Delivery is at least once: a change without acknowledgement is sent again, also after a restart.
"""
