"""Everything all REST endpoints share: authentication, bodies, errors, paging, reference page."""
