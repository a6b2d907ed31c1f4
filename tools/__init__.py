"""Programs for people who work on the kit: demonstration, pictures, figures, soak."""
