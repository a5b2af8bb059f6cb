"""Compares what sellers, buyers and the exchange each say about the same leads.

Shares no code with the exchange: it reads logs, the catalog and two exports, and knows the promises.
"""
