"""What the two teams agree, do and report with the numbers. Each module is imported by its name."""
