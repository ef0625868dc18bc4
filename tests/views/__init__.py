"""What is shown: tables, figures, pages, and the text in them."""
