"""simorg: a simulated Salesforce org that speaks the real protocols. Imports nothing of Syncline."""

__version__ = "0.1.0"
