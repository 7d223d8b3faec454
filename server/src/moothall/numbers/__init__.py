"""Phone numbers people can dial to take part, as the operator has configured them."""
