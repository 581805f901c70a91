"""preds.jsonl: what a model answered, in every form it may take."""
