"""Where rows come from: raw files to a sealed generation. Names no front door: each module is imported by its name."""
