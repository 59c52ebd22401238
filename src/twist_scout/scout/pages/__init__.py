"""Pages for people: samples to look at, samples to judge."""
