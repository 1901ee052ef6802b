"""What a person asks of a vault after the first `protect`: who else can read it."""
