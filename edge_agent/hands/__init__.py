"""Fourth floor: one hand per task.  None imports another; they meet in paths and house."""
