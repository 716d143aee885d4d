"""Repeated training runs and the tables made of their scores."""
