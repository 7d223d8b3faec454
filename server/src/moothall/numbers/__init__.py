"""Phone numbers for dialling in, as configured by the operator."""
