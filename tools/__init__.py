"""What the agent may call: graph tools and literature tools, and the literature index behind them."""
