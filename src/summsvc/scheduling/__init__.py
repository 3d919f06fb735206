"""One queue per loaded model: jobs, fair batches, admission control and execution."""
