"""The two jobs, summarize and translate, without gRPC and without torch."""
