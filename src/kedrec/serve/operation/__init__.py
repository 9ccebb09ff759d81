"""What those who run a server need to know: is it ready, what does it do, and what did each question take."""
