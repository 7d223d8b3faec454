"""How many minutes an application has used, and what they would have cost at the prices of the original."""
