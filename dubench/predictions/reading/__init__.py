"""What models write, understood: objects, lists, sentences, names and numbers."""
