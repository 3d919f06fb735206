"""One queue per loaded model: batches, fairness, cancellation, admission."""
