"""Ways of working: session profiles and the turn model behind them."""
