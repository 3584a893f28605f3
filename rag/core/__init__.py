"""What every layer shares: values, protocols, errors, settings and the registry."""
