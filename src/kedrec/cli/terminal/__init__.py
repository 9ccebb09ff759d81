"""What people see of the command line: output and its reader, progress, recommendations and traces in words."""
