"""The Grafana dashboards that `scripts/grafana.py` writes, a module each: code in, Grafana's JSON out."""
