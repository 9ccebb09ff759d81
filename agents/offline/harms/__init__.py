"""Which of some drugs is more likely to have a side effect: weighed, and decided, by rule."""
