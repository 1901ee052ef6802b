"""What a certificate states, and whether it is fit for its use. Opens no keystore."""
