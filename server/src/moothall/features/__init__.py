"""The features of a running meeting, put together, and what an application may do with them."""
