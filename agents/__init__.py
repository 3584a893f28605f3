"""The orchestrator: a LangGraph graph that takes a question to a cited answer."""
