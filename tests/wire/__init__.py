"""What is said: decoding, encoding and the conversation."""
