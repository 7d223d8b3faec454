"""The minutes that an application has used, and their cost at the prices of the original."""
