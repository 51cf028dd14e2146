"""Deep detectors by density: a mixture or an energy in what a network makes of rows."""
