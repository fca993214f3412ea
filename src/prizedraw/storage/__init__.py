"""Stores: where documents, counters and entries are kept. A store knows no rule of prizedraw."""
