"""What sellers and buyers see of a sale, in each mode and in each language."""
