"""How fast a training step is here, beside what people write today and what this machine allows."""
