"""Results of a study of contamination: tables, what they say, figure, page and their folder."""
