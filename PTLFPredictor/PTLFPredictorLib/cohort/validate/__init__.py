"""How a signature or model does on cases that it was not fitted on."""
