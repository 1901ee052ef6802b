"""What a certificate says, and whether it is fit for its use. Nothing here opens a keystore."""
