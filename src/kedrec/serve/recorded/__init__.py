"""What is done with what was recorded: found, replayed, forked, compared; batches followed, reports read."""
