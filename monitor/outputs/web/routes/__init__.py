"""The endpoints of the API. In come validated parameters, out go models of `monitor.outputs.schemas`."""
