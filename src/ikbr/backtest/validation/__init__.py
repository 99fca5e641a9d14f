"""How far a result that was searched for can be believed."""
