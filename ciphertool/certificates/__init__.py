"""What a certificate says, and whether it is fit for its use. Opens no keystore."""
