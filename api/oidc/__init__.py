"""Signing in with an OpenID provider: the provider, its tokens, what they allow here, and the cookies."""
