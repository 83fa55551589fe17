"""A warm host for Stepstile's steps: an interpreter that has the user's code loaded and forks a child for each step."""
