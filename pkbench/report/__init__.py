"""From verdicts to tables, figures and pages."""
