"""Review as a dataset offers it: the queue, decisions on their way in, the worksheet of a reviewer."""
