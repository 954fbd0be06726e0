"""The process of a backfill: `python -m monitor.backfill`, started by the daemon."""

from monitor.backfill.worker import main

if __name__ == "__main__":
    main()
