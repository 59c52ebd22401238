"""What all pages for people share: templates, a strict content policy, shrunk pictures, drawn boxes."""
