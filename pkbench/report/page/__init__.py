"""The report as one HTML page that needs nothing else: what it shows, and the templates, style and script it is made with."""
