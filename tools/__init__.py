"""Programs for people who work on the kit: the demonstration, the pictures, the soak."""
