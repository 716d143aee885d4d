"""Reports, figures and projects: all that people see of an inventory."""
