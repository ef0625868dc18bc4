"""Each guard of the order, arming and secret promises is taken away once, and a test has to notice."""
