"""The JSON that the outputs publish: one pydantic model for each shape, shared by the API, MQTT, events and webhooks.

In come values of `monitor.model`; out go JSON and its JSON Schema for OpenAPI.
"""
