"""Example records, pictures, and the batches that models train on."""
