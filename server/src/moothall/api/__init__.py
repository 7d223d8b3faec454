"""What all REST endpoints share: authentication, request bodies, errors, paging and the reference page."""
