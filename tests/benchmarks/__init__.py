"""Speed as ratios measured in one run, never as a timed assertion. Run by hand, not by pytest."""
