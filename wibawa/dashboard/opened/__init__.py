"""Open figures: what anybody may see of the programme, once the office has switched it on."""
