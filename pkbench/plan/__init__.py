"""From a spec to the runs it asks for: ids, reasons, estimates. Pure functions, no torch."""
