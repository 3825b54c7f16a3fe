"""The nouns, errors, protocols, configuration and plugin registry that everything else shares."""
