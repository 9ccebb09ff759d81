"""The student: data set rows, encoding, losses and training."""
