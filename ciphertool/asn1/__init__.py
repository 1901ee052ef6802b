"""BER and DER, read within bounds."""
