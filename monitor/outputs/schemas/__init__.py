"""The JSON that the outputs publish: one pydantic model for each shape, shared by the API, MQTT, events and webhooks.

In come values of `monitor.model`, whose attributes the models read; out go JSON and its JSON Schema for OpenAPI.
Each module is imported by its name: to write an alert needs no other model.
"""
