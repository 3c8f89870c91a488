"""Tables that were uploaded or named, and what the pages say of them."""
