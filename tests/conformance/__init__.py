"""The sandbox held to the exchange's documentation, by other people's clients and by tables of our own."""
