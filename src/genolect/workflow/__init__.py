"""The verbs as functions: each joins the rooms below into one thing that a user does."""
