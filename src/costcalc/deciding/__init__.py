"""What changes the answer: crossings, scenarios, grids, sensitivities, solved tasks, advice."""
