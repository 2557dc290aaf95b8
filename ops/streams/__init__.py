"""How far each consumer group has read: `sealstream streams`, and what `sealstream doctor` judges by."""
