"""What people see of an inventory."""
