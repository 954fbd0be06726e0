"""MQTT: what happens, and how things stand, for whoever listens at a broker.

In come the hub's updates and alerts; out go JSON messages, the newest of each state retained. A broker that is away
costs nothing but old events: states wait in their newest form, and alerts in the stored outbox.
"""
