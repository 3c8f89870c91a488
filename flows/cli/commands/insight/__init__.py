"""Commands that explain: what differs between two versions, why a row is answered as it is."""
